package disk

import (
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"lsmlab/powerfail/blocklog"
)

// journal looks up what happened in a recording.
type journal struct {
	log    *blocklog.Log
	layout layout
	acks   []int64 // positions, rising
	next   map[int64]event
	roles  []string // of each operation
}

// event describes an operation or a mark of the log.
type event struct {
	kind string // write, zero or flush; with "end of" before it for a completion; begin, ack
	role string
	text string
}

// The roles of operations that do not write to a file of the store.
const (
	roleDisk       = "disk"       // of a flush
	roleFileSystem = "filesystem" // journal, inodes, directories; all of a file system that does not tell of places
	roleClient     = "client"     // of what the workload says
)

// newJournal returns the journal of a log. role says what a file of the store is for,
// by its path.
func newJournal(l *blocklog.Log, role func(name string) string) *journal {
	j := &journal{log: l, layout: newLayout(l), next: map[int64]event{}}
	for _, op := range l.Ops {
		of := roleDisk
		if op.Kind != blocklog.Flush {
			of = roleFileSystem
			if e, ok := j.layout.find(op); ok {
				of = role(e.name)
			}
		}
		text := j.layout.describe(op)
		j.roles = append(j.roles, of)
		j.next[op.Issued] = event{op.Kind.String(), of, text}
		j.next[op.Done] = event{op.Kind.String() + "-done", of, "the end of the " + text}
	}
	for _, m := range l.Marks {
		kind, _, _ := strings.Cut(m.Text, " ")
		if m.Text != "" && !isSurvey(m.Text) {
			j.next[m.Position] = event{kind, roleClient, m.Text}
		}
		if strings.HasPrefix(m.Text, ackPrefix) {
			j.acks = append(j.acks, m.Position)
		}
	}
	return j
}

// after returns what was about to happen at a cut.
func (j *journal) after(position int64) event {
	for p := position + 1; p <= j.log.End; p++ {
		if e, ok := j.next[p]; ok {
			return e
		}
	}
	return event{"end", roleClient, "the end of the recording"}
}

// acked returns how many acknowledgements there were by position.
func (j *journal) acked(position int64) (n int) {
	for n < len(j.acks) && j.acks[n] <= position {
		n++
	}
	return n
}

// isFile says whether an operation is known to write into a file of the store. If the file
// system does not say where its files lie, it returns false for every operation.
func (j *journal) isFile(op int) bool {
	return j.roles[op] != roleFileSystem && j.roles[op] != roleDisk
}

// isSurvey says whether a mark describes files of the store. Other marks say what the
// workload did.
func isSurvey(text string) bool {
	return strings.HasPrefix(text, extentMark) || strings.HasPrefix(text, sizeMark)
}

// sizes returns the size of each file, as the workload saw it, from the last survey at or
// before a position. The survey that follows an acknowledgement belongs to the position
// of that acknowledgement.
func (j *journal) sizes(position int64) map[string]int64 {
	sizes := map[string]int64{}
	for _, m := range j.log.Marks {
		if m.Position == position+1 && isSurvey(m.Text) {
			position++
		}
		rest, ok := strings.CutPrefix(m.Text, sizeMark)
		if !ok || m.Position > position {
			continue
		}
		size, name, _ := strings.Cut(rest, " ")
		if n, err := strconv.ParseInt(size, 10, 64); err == nil && n >= 0 {
			sizes[name] = n
		} else {
			delete(sizes, name)
		}
	}
	return sizes
}

// cuts returns the positions from start to end at which something of the store is at
// stake, in order: around its acknowledgements, the operations of its files, and
// flushes.
func (j *journal) cuts(start, end int64) []int64 {
	all := []int64{start, end}
	for _, at := range j.acks {
		all = append(all, at-1, at)
	}
	for i, op := range j.log.Ops {
		if j.isFile(i) || op.Kind == blocklog.Flush {
			all = append(all, op.Issued-1, op.Issued, op.Done)
		}
	}
	return within(all, start, end)
}

// durable returns, in order, the positions from start to end at which more becomes durable
// or is acknowledged.
func (j *journal) durable(start, end int64) []int64 {
	all := append([]int64{start}, j.acks...)
	for _, op := range j.log.Ops {
		if op.Kind == blocklog.Flush || op.FUA {
			all = append(all, op.Done)
		}
	}
	return within(all, start, end)
}

// within returns the positions from start to end, sorted, each once.
func within(all []int64, start, end int64) []int64 {
	all = slices.DeleteFunc(all, func(at int64) bool { return at < start || at > end })
	slices.Sort(all)
	return slices.Compact(all)
}

// losses yields the kinds of loss of a state: operation, role of the file, and how
// much of it is there.
func (j *journal) losses(s state) iter.Seq[string] {
	kinds := map[string]bool{}
	for _, l := range s.lost {
		if l.site.Kind == blocklog.SitePrefix {
			kinds["disk disk in-order"] = true
			continue
		}
		op := j.log.Ops[l.site.Op]
		how := "torn"
		switch {
		case l.site.Kind == blocklog.SiteOrder:
			how = "reordered"
		case l.site.Kind == blocklog.SiteWrite && l.got == 0:
			how = "lost"
		}
		kinds[op.Kind.String()+" "+j.roles[l.site.Op]+" "+how] = true
	}
	return maps.Keys(kinds)
}

package disk

import (
	"iter"
	"math/rand/v2"
	"slices"
	"strings"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/explore"
)

// state is one crash state of a recording.
type state struct {
	position int64
	model    blocklog.Model
	trail    explore.Trail
	image    *blocklog.Image
}

// adversary is how a profile shows in a disk.
type adversary struct {
	models []blocklog.Model
	keeps  []float64 // shares of pending operations that random states keep
}

// adversaryOf returns the disk of a profile. Below a real file system the
// profiles differ by what a sector is: under ext4-ordered the disk does each
// operation as a whole, under posix-strict it may tear it.
func adversaryOf(p explore.Profile) adversary {
	switch p {
	case explore.Ext4Ordered:
		return adversary{[]blocklog.Model{{}}, []float64{0.1, 0.5, 0.9}}
	case explore.PosixStrict:
		return adversary{[]blocklog.Model{{Sector: 512}, {Sector: 4096}}, []float64{0.1, 0.5, 0.9}}
	case explore.LyingDisk:
		return adversary{[]blocklog.Model{{Lies: true}}, []float64{0, 0.5}}
	}
	return adversary{models: []blocklog.Model{{}}} // drop-all
}

// draw returns a random kind of disk, and what decides in it.
func (a adversary) draw(rng *rand.Rand) (blocklog.Model, blocklog.Chooser) {
	keep := a.keeps[rng.IntN(len(a.keeps))]
	return a.models[rng.IntN(len(a.models))], func(_ blocklog.Site, n int) int {
		if rng.Float64() < keep {
			return n - 1
		}
		return rng.IntN(n)
	}
}

// generator makes the crash states of a recording.
type generator struct {
	disk       *blocklog.Disk
	start, end int64
	adversary  adversary
	rng        *rand.Rand
	states     int64 // how many are wanted
}

// What bounds a generator.
const (
	fewStates = 8   // of one position, all of which are visited then
	fruitless = 500 // random states in a row that were all met before
)

// make makes the state that choose decides.
func (g *generator) make(position int64, m blocklog.Model, choose blocklog.Chooser) state {
	s := state{position: position, model: m}
	s.image = g.disk.Crash(position, m, explore.Record(choose, &s.trail))
	return s
}

// all yields states until the caller has enough: of positions all over the
// recording the durable one and all others where there are few, then random
// ones. novel says whether the last one had not been met before.
func (g *generator) all(novel func() bool) iter.Seq[state] {
	return func(yield func(state) bool) {
		wanted := g.states / 2 // half for the random ones
		if g.adversary.keeps == nil {
			wanted = g.end // there are no others
		}
		step := max(1, (g.end-g.start)/max(1, wanted))
		for position := g.start; position <= g.end; position += step {
			if !g.few(position, yield) {
				return
			}
		}
		if g.adversary.keeps == nil {
			return
		}
		for tries := 0; tries < fruitless; tries++ {
			m, choose := g.adversary.draw(g.rng)
			if !yield(g.make(g.start+g.rng.Int64N(g.end-g.start+1), m, choose)) {
				return
			}
			if novel() {
				tries = -1
			}
		}
	}
}

// few yields the durable state of a position, and all of them if they are few.
func (g *generator) few(position int64, yield func(state) bool) bool {
	m := g.adversary.models[0]
	s := g.make(position, m, explore.Durable[blocklog.Site])
	if !yield(s) {
		return false
	}
	if g.adversary.keeps == nil || g.make(position, m, explore.Newest[blocklog.Site]).trail.States(fewStates) > fewStates {
		return true
	}
	for trail := slices.Clone(s.trail); trail.Next(); trail = slices.Clone(s.trail) { // what was yielded keeps its own
		if s = g.make(position, m, explore.Odometer[blocklog.Site](trail)); !yield(s) {
			return false
		}
	}
	return true
}

// journal looks up what happened in a recording.
type journal struct {
	log    *blocklog.Log
	layout layout
	acks   []int64 // positions, rising
	next   map[int64]event
}

// event is what a position of the log stands for.
type event struct {
	kind string // write, zero or flush; with "end of" before it for a completion; begin, ack
	role string
	text string
}

func newJournal(l *blocklog.Log) *journal {
	j := &journal{log: l, layout: newLayout(l), next: map[int64]event{}}
	for _, op := range l.Ops {
		role := "disk"
		if op.Kind != blocklog.Flush {
			role = j.layout.role(op)
		}
		text := j.layout.describe(op)
		j.next[op.Issued] = event{op.Kind.String(), role, text}
		j.next[op.Done] = event{op.Kind.String() + "-done", role, "the end of the " + text}
	}
	for _, m := range l.Marks {
		kind, _, _ := strings.Cut(m.Text, " ")
		if m.Text != "" && !strings.HasPrefix(m.Text, extentMark) {
			j.next[m.Position] = event{kind, "client", m.Text}
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
	return event{"end", "client", "the end of the recording"}
}

// acked returns how many acknowledgements there were by position.
func (j *journal) acked(position int64) (n int) {
	for n < len(j.acks) && j.acks[n] <= position {
		n++
	}
	return n
}

package manifest

import (
	"fmt"
	"slices"
	"time"

	"lsmlab/engines/lsm/ikey"
)

// Past is what a version knows of the earlier states of the store, for those who read
// them. It is about tables and, in its marks, about the log, of which a crash may have taken
// a part: LSNs above the newest that was recovered mean nothing.
type Past struct {
	// Floor says that states at older LSNs may lack versions. The edit that adds the first
	// table without those versions raises it.
	Floor ikey.Seq
	// Ends says where batches end, from the floor on, as far as that is known. They rise, and
	// one begins where the one before ends, or later.
	Ends []Ends
	// Marks says when LSNs were given out. Both rise, and none is far below the floor.
	Marks []Mark
}

// Ends says at which LSNs batches end: at From, and then at the end of each batch of Batches.
type Ends struct {
	From    ikey.Seq
	Batches []Batches // in LSN order
}

// Batches is Count batches of Size operations each, one behind the other. Neither is 0.
type Batches struct{ Size, Count uint64 }

// Mark says that Seq was the newest LSN at a time, in nanoseconds since 1970.
type Mark struct {
	At  int64
	Seq ikey.Seq
}

// MarkAt returns the mark of a time.
func MarkAt(at time.Time, seq ikey.Seq) Mark { return Mark{at.UnixNano(), seq} }

// Add notes a batch of size operations behind all others.
func (e *Ends) Add(size uint64) {
	if n := len(e.Batches); n > 0 && e.Batches[n-1].Size == size {
		e.Batches[n-1].Count++
		return
	}
	e.Batches = append(e.Batches, Batches{size, 1})
}

// last returns the newest end.
func (e *Ends) last() ikey.Seq {
	last := e.From
	for _, b := range e.Batches {
		last += ikey.Seq(b.Size * b.Count)
	}
	return last
}

// All calls yield with each end, rising, until it returns false.
func (e *Ends) All(yield func(ikey.Seq) bool) {
	seq := e.From
	if !yield(seq) {
		return
	}
	for _, b := range e.Batches {
		for range b.Count {
			if seq += ikey.Seq(b.Size); !yield(seq) {
				return
			}
		}
	}
}

// after returns p with what an edit adds. Neither is changed.
func (p Past) after(e *Past) Past {
	next := Past{Floor: max(p.Floor, e.Floor), Ends: p.Ends, Marks: p.Marks}
	if len(e.Ends) > 0 {
		next.Ends = append(slices.Clip(p.Ends), e.Ends...)
	}
	if len(e.Marks) > 0 {
		next.Marks = append(slices.Clip(p.Marks), e.Marks...)
	}
	gone := 0
	for gone < len(next.Ends) && next.Ends[gone].last() < next.Floor {
		gone++
	}
	next.Ends = next.Ends[gone:]
	if passed, _ := slices.BinarySearchFunc(next.Marks, next.Floor, func(m Mark, seq ikey.Seq) int {
		if m.Seq <= seq {
			return -1
		}
		return 1
	}); passed > 1 {
		next.Marks = next.Marks[passed-1:]
	}
	return next
}

// Upto returns p for a store whose newest LSN is newest, as a crash took all later ones. p
// is not changed.
func (p Past) Upto(newest ikey.Seq) Past {
	p.Floor = min(p.Floor, newest)
	for len(p.Marks) > 0 && p.Marks[len(p.Marks)-1].Seq > newest {
		p.Marks = p.Marks[:len(p.Marks)-1]
	}
	return p
}

// check verifies the order of ends and marks.
func (p *Past) check() error {
	for i := range p.Ends {
		if i > 0 && p.Ends[i].From < p.Ends[i-1].last() {
			return fmt.Errorf("batch ends from LSN %d on come behind those up to %d", p.Ends[i].From, p.Ends[i-1].last())
		}
	}
	for i := range p.Marks {
		if i > 0 && (p.Marks[i].Seq < p.Marks[i-1].Seq || p.Marks[i].At < p.Marks[i-1].At) {
			return fmt.Errorf("LSN %d is marked with time %d ns, behind LSN %d with %d", p.Marks[i].Seq, p.Marks[i].At, p.Marks[i-1].Seq, p.Marks[i-1].At)
		}
	}
	return nil
}

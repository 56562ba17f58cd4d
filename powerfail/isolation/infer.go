package isolation

import (
	"cmp"
	"slices"
	"sort"
)

// inference finds what the reads of a history say: the dependencies of its
// transactions, and anomalies that are in one read or one transaction.
type inference struct {
	h      *History
	writes *writes
	graph  *graph
	counts []bool // transactions that committed, or were read by one that did
	found  *anomalies
	orders *listOrders // nil of registers
	strict *subset     // nodes on cycles of the graph of the strongest level
}

// infer returns the inference of a whole history. An error means that the history is none.
func infer(h *History) (*inference, error) {
	w, err := indexWrites(h)
	if err != nil {
		return nil, err
	}
	f := &inference{h: h, writes: w, graph: newGraph(len(h.txns)), counts: make([]bool, len(h.txns)), found: newAnomalies(h)}
	for t := range h.txns {
		f.counts[t] = h.txns[t].outcome() == Committed
	}
	if h.registers {
		f.registers()
	} else {
		f.lists()
	}
	byBegin := f.byBegin()
	f.processes(byBegin)
	f.time(byBegin)
	return f, f.graph.build()
}

// source finds the write whose value t read, and says whether it is one to depend on.
// Whoever reads from a transaction of unknown outcome makes it count. A value that nobody
// wrote, or an aborted transaction, is an anomaly.
func (f *inference) source(t int32, key int32, value int64) (index int32, ok bool) {
	index, ok = f.writes.find(key, value)
	if !ok {
		f.found.add("unwritten value", key, "T%d read %s, which nobody wrote", []int32{t}, value)
		return 0, false
	}
	writer := f.writes.all[index].txn
	switch f.h.txns[writer].outcome() {
	case Aborted:
		f.found.add("G1a", key, "T%d read %s, which T%d wrote and did not commit (aborted read)", []int32{t, writer}, value)
		return 0, false
	case Unknown:
		f.counts[writer] = true
	}
	return index, true
}

// writesAfter says whether w writes key again after it wrote value.
func (f *inference) writesAfter(w, key int32, value int64) bool {
	after := false
	for _, o := range f.h.opsOf(w) {
		if o.writes() && o.key == key {
			if after {
				return true
			}
			after = o.value == value
		}
	}
	return false
}

// processes orders each transaction after the last one before it in its process that is
// known to have ended. A transaction of unknown outcome may take effect at any later
// time, so nothing comes after it for certain. What follows the same transaction are
// those of unknown outcome and at last one that is not.
func (f *inference) processes(byBegin []int32) {
	next := filled(len(f.h.txns))
	last := filled(len(f.h.processes)) // of each process
	for _, t := range byBegin {
		process := f.h.txns[t].process >> 2
		before, ended := last[process], f.h.txns[t].outcome() == Committed
		switch {
		case before >= 0 && ended:
			next[before] = t
		case before >= 0:
			f.graph.add(before, t, inProcess)
		}
		if ended {
			last[process] = t
		}
	}
	f.graph.next = next
}

// time orders each transaction before all that began after it had ended.
func (f *inference) time(byBegin []int32) {
	after := make([]int32, len(f.h.txns))
	for t := range f.h.txns {
		after[t] = int32(len(byBegin))
		if f.h.txns[t].outcome() == Committed {
			end := f.h.txns[t].end
			after[t] = int32(sort.Search(len(byBegin), func(i int) bool { return f.h.txns[byBegin[i]].begin > end }))
		}
	}
	f.graph.byBegin, f.graph.after = byBegin, after
}

// byBegin returns the transactions that count, by their begin.
func (f *inference) byBegin() []int32 {
	all := make([]int32, 0, len(f.counts))
	for t, counts := range f.counts {
		if counts {
			all = append(all, int32(t))
		}
	}
	begins := func(a, b int32) int {
		return cmp.Or(cmp.Compare(f.h.txns[a].begin, f.h.txns[b].begin), cmp.Compare(a, b))
	}
	if !slices.IsSortedFunc(all, begins) {
		slices.SortFunc(all, begins)
	}
	return all
}

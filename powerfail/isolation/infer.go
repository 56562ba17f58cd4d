package isolation

import (
	"cmp"
	"slices"
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
}

// infer returns the inference of a whole history. An error means that the history is none.
func infer(h *History) (*inference, error) {
	w, err := indexWrites(h)
	if err != nil {
		return nil, err
	}
	f := &inference{h: h, writes: w, graph: newGraph(len(h.txns)), counts: make([]bool, len(h.txns)), found: newAnomalies(h)}
	for t := range h.txns {
		f.counts[t] = h.txns[t].outcome == Committed
	}
	if h.registers {
		f.registers()
	} else {
		f.lists()
	}
	f.processes()
	f.time()
	f.graph.build()
	return f, nil
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
	switch f.h.txns[writer].outcome {
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

// processes adds an edge to each transaction from the last one before it in its process
// that is known to have ended. A transaction of unknown outcome may take effect at any
// later time, so nothing comes after it for certain.
func (f *inference) processes() {
	last := map[int32]int32{}
	for _, t := range f.byBegin() {
		process := f.h.txns[t].process
		if before, ok := last[process]; ok {
			f.graph.add(before, t, inProcess)
		}
		if f.h.txns[t].outcome == Committed {
			last[process] = t
		}
	}
}

// time adds edges from each transaction to all that began after it had ended, by
// auxiliary nodes in the order of time: each stands for all that had ended by then.
func (f *inference) time() {
	var (
		ended, last = f.byEnd(), int32(-1)
		led         = true // the last node leads to a transaction: no more may lead into it
	)
	for _, b := range f.byBegin() {
		for len(ended) > 0 && f.h.txns[ended[0]].end < f.h.txns[b].begin {
			if led {
				node := f.graph.auxiliary()
				if last >= 0 {
					f.graph.add(last, node, through)
				}
				last, led = node, false
			}
			f.graph.add(ended[0], last, inTime)
			ended = ended[1:]
		}
		if last >= 0 {
			f.graph.add(last, b, through)
			led = true
		}
	}
}

// byBegin returns the transactions that count, by their begin.
func (f *inference) byBegin() (all []int32) {
	for t, counts := range f.counts {
		if counts {
			all = append(all, int32(t))
		}
	}
	slices.SortStableFunc(all, func(a, b int32) int { return cmp.Compare(f.h.txns[a].begin, f.h.txns[b].begin) })
	return all
}

// byEnd returns the transactions whose end is known, by their end.
func (f *inference) byEnd() (all []int32) {
	for t := range f.h.txns {
		if f.h.txns[t].outcome == Committed {
			all = append(all, int32(t))
		}
	}
	slices.SortStableFunc(all, func(a, b int32) int { return cmp.Compare(f.h.txns[a].end, f.h.txns[b].end) })
	return all
}

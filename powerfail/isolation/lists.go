package isolation

import "slices"

// listOrders is the order of the versions of each list, as its longest read tells it.
type listOrders struct {
	longest []*op   // of each key, or nil: nobody read it
	readers []int32 // of the longest
	// position of each write (see writes.all) in the longest read; -1: not in it.
	position []int32
	// full are those who read all that the longest read has, of keys with writes after
	// that, by key.
	full map[int32][]fullReader
}

// fullReader is a transaction that read the newest version that anybody read.
type fullReader struct {
	txn  int32
	kind edgeKind // rw, or rwAbsent
}

// lists infers the dependencies of a history of lists.
func (f *inference) lists() {
	orders := f.longestReads()
	f.orders = orders
	for t := range int32(len(f.h.txns)) {
		if f.h.txns[t].outcome() == Committed {
			f.readLists(t, orders)
		}
	}
	for k := range int32(len(f.h.keys)) {
		f.orderList(k, orders)
	}
}

// longestReads finds the longest read of each key, and who wrote its elements.
func (f *inference) longestReads() *listOrders {
	n := len(f.h.keys)
	l := &listOrders{longest: make([]*op, n), readers: make([]int32, n), position: make([]int32, len(f.writes.all)), full: map[int32][]fullReader{}}
	for t := range int32(len(f.h.txns)) {
		if f.h.txns[t].outcome() != Committed {
			continue
		}
		ops := f.h.opsOf(t)
		for i := range ops {
			if o := &ops[i]; o.kind() == ReadList && (l.longest[o.key] == nil || o.size() > l.longest[o.key].size()) {
				l.longest[o.key], l.readers[o.key] = o, t
			}
		}
	}
	for i := range l.position {
		l.position[i] = -1
	}
	for k, o := range l.longest {
		if o == nil {
			continue
		}
		for at, value := range f.h.list(o) {
			w, ok := f.source(l.readers[k], int32(k), value)
			switch {
			case !ok:
			case l.position[w] >= 0:
				f.found.add("duplicate element", int32(k), "T%d read %s twice in one list", []int32{l.readers[k]}, value)
			default:
				l.position[w] = int32(at)
			}
		}
	}
	return l
}

// writerAt returns who wrote the element at a position of a key's longest read, or -1 if
// that is nobody to depend on.
func (f *inference) writerAt(l *listOrders, key int32, at int) int32 {
	w, ok := f.writes.find(key, f.h.list(l.longest[key])[at])
	if !ok || l.position[w] != int32(at) {
		return -1
	}
	return f.writes.all[w].txn
}

// ownList is what a transaction knows of one list so far.
type ownList struct {
	key   int32
	base  *op     // the first read, or nil
	size  int     // elements of others in it
	added []int64 // the transaction's own
}

// readLists infers what the reads of one transaction say, and compares them with its own
// earlier reads and appends.
func (f *inference) readLists(t int32, l *listOrders) {
	var known []ownList
	ops := f.h.opsOf(t)
	for i := range ops {
		o := &ops[i]
		at := slices.IndexFunc(known, func(k ownList) bool { return k.key == o.key })
		if at < 0 {
			at = len(known)
			known = append(known, ownList{key: o.key})
		}
		k := &known[at]
		if o.kind() == Append {
			k.added = append(k.added, o.value)
			continue
		}
		list := f.h.list(o)
		others := len(list) - len(k.added)
		switch {
		case others < 0 || !slices.Equal(list[others:], k.added),
			k.base != nil && (others != k.size || !slices.Equal(list[:others], f.h.list(k.base)[:others])):
			f.found.add("internal", o.key, "T%d read %s, which is not what it read and appended before", []int32{t}, list...)
		case k.base == nil:
			k.base, k.size = o, others
			f.readList(t, o, others, l)
		}
	}
}

// readList infers from the first read of a list by t, of which the first n elements were
// there when t appended none.
func (f *inference) readList(t int32, o *op, n int, l *listOrders) {
	list, longest := f.h.list(o)[:n], f.h.list(l.longest[o.key])
	if !slices.Equal(list, longest[:n]) {
		f.found.add("incompatible order", o.key, "T%d read %s, and T%d read a list of which neither is the beginning of the other",
			[]int32{t, l.readers[o.key]}, list...)
		return
	}
	kind := rw
	if o.ranged() && o.size() == 0 {
		kind = rwAbsent
	}
	if n > 0 {
		w := f.writerAt(l, o.key, n-1)
		switch {
		case w == t:
			f.found.add("future read", o.key, "T%d read %s, which it appended later", []int32{t}, list[n-1])
		case w >= 0:
			f.graph.add(w, t, wr)
			if f.writesAfter(w, o.key, list[n-1]) {
				f.found.add("G1b", o.key, "T%d read %s, and T%d appended more in the same transaction (intermediate read)", []int32{t, w}, list[n-1])
			}
		}
	}
	for at := n; at < len(longest); at++ {
		if w := f.writerAt(l, o.key, at); w >= 0 {
			f.graph.add(t, w, kind)
			return
		}
	}
	l.full[o.key] = append(l.full[o.key], fullReader{t, kind})
}

// orderList infers the order of writers of one list. Those whose elements nobody read
// come after all that were read.
func (f *inference) orderList(key int32, l *listOrders) {
	if l.longest[key] == nil {
		return
	}
	last := int32(-1)
	for at := range f.h.list(l.longest[key]) {
		w := f.writerAt(l, key, at)
		if w < 0 {
			continue
		}
		if last >= 0 {
			f.graph.add(last, w, ww)
		}
		last = w
	}
	var unread []int32
	for i := f.writes.rows[key]; i < f.writes.rows[key+1]; i++ {
		if w := f.writes.all[i].txn; l.position[i] < 0 && f.counts[w] {
			unread = append(unread, w)
		}
	}
	if len(unread) == 0 {
		return
	}
	slices.Sort(unread)
	unread = slices.Compact(unread)
	if last >= 0 {
		f.graph.fan([]int32{last}, unread, ww)
	}
	for _, kind := range []edgeKind{rw, rwAbsent} {
		var readers []int32
		for _, r := range l.full[key] {
			if r.kind == kind {
				readers = append(readers, r.txn)
			}
		}
		f.graph.fan(readers, unread, kind)
	}
}

package isolation

import "slices"

// versions are the reads of each version of the registers.
type versions struct {
	reads   []versionRead
	written []int32 // of each write (see writes.all) its first read in reads, or -1
	absent  []int32 // of each key the first read that found nothing, or -1
}

// versionRead is one transaction that read a version, in a list of all that did.
type versionRead struct {
	txn   int32
	next  int32 // in reads, or -1
	kind  edgeKind
	wrote bool // the transaction then wrote the register: its version is the next
}

// registers infers the dependencies of a history of registers.
func (f *inference) registers() {
	v := &versions{written: filled(len(f.writes.all)), absent: filled(len(f.h.keys))}
	for t := range int32(len(f.h.txns)) {
		if f.h.txns[t].outcome() == Committed {
			f.readRegisters(t, v)
		}
	}
	for i, first := range v.written {
		f.orderVersion(int32(i), v, first)
	}
	for k, first := range v.absent {
		f.orderFirst(int32(k), v, first)
	}
	f.lostWrites(v)
}

func filled(n int) []int32 {
	all := make([]int32, n)
	for i := range all {
		all[i] = -1
	}
	return all
}

// ownRegister is what a transaction knows of one register so far.
type ownRegister struct {
	key    int32
	read   int32 // of the version that was there, in versions.reads; -1: not read, or not to depend on
	value  int64
	absent bool
}

// readRegisters infers what the reads of one transaction say, and compares them with its
// own earlier reads and writes.
func (f *inference) readRegisters(t int32, v *versions) {
	var known []ownRegister
	for _, o := range f.h.opsOf(t) {
		at := slices.IndexFunc(known, func(k ownRegister) bool { return k.key == o.key })
		absent := o.kind() == ReadValue && o.absent()
		switch {
		case o.kind() == Write && at >= 0:
			known[at].value, known[at].absent = o.value, false
			if known[at].read >= 0 {
				v.reads[known[at].read].wrote = true
			}
		case o.kind() == Write:
			known = append(known, ownRegister{key: o.key, read: -1, value: o.value})
		case at < 0:
			known = append(known, ownRegister{key: o.key, read: f.readRegister(t, &o, v), value: o.value, absent: absent})
		case known[at].absent != absent || !absent && known[at].value != o.value:
			f.found.add("internal", o.key, "T%d read %s, which is not what it read or wrote before", []int32{t}, o.value)
		}
	}
}

// readRegister infers from the first read of a register by t.
func (f *inference) readRegister(t int32, o *op, v *versions) int32 {
	first, kind := &v.absent[o.key], rw
	if o.absent() {
		if o.ranged() {
			kind = rwAbsent
		}
	} else {
		w, ok := f.source(t, o.key, o.value)
		if !ok {
			return -1
		}
		writer := f.writes.all[w].txn
		if writer == t {
			f.found.add("future read", o.key, "T%d read %s, which it wrote later", []int32{t}, o.value)
			return -1
		}
		f.graph.add(writer, t, wr)
		if f.writesAfter(writer, o.key, o.value) {
			f.found.add("G1b", o.key, "T%d read %s, which T%d replaced in the same transaction (intermediate read)", []int32{t, writer}, o.value)
		}
		first = &v.written[w]
	}
	v.reads = append(v.reads, versionRead{txn: t, next: *first, kind: kind})
	*first = int32(len(v.reads) - 1)
	return *first
}

// orderVersion infers what follows a version: those who read it and wrote the register.
func (f *inference) orderVersion(write int32, v *versions, first int32) {
	writer := f.writes.all[write].txn
	next := v.next(first, anyRW)
	for _, n := range next {
		f.graph.add(writer, n, ww)
	}
	f.lostUpdate("lost update", next, f.writes.key(write))
	for i := first; i >= 0; i = v.reads[i].next {
		for _, n := range next[:min(len(next), 2)] {
			f.graph.add(v.reads[i].txn, n, v.reads[i].kind)
		}
	}
}

// next returns the transactions that read a version, the first of whose reads is given,
// by a read of one of the kinds, and then wrote the register.
func (v *versions) next(first int32, kinds edgeKind) (all []int32) {
	for i := first; i >= 0; i = v.reads[i].next {
		if v.reads[i].wrote && v.reads[i].kind&kinds != 0 {
			all = append(all, v.reads[i].txn)
		}
	}
	return all
}

// lostUpdate notes, under a name, that several transactions wrote the version after the
// same one. Reads do not tell which of these versions came first. Either way one
// transaction overwrote a version that it had not seen, so the anomaly is certain, but
// the graph has no edge for it.
func (f *inference) lostUpdate(name string, next []int32, key int32) {
	if len(next) > 1 {
		f.found.add(name, key, "T%d read %s and wrote it, and so did T%d, from the same version", next[:2])
	}
}

// orderFirst infers what follows a register that was absent: every write of it.
func (f *inference) orderFirst(key int32, v *versions, first int32) {
	if first < 0 {
		return
	}
	// Range reads that missed the key are phantoms, which repeatable read allows.
	f.lostUpdate("lost update", v.next(first, rw), key)
	f.lostUpdate("lost insert", v.next(first, anyRW), key)
	var writers []int32
	for _, w := range f.writes.of(key) {
		if f.counts[w.txn] {
			writers = append(writers, w.txn)
		}
	}
	slices.Sort(writers)
	writers = slices.Compact(writers)
	for _, kind := range []edgeKind{rw, rwAbsent} {
		var readers []int32
		for i := first; i >= 0; i = v.reads[i].next {
			if v.reads[i].kind == kind {
				readers = append(readers, v.reads[i].txn)
			}
		}
		f.graph.fan(readers, writers, kind)
	}
}

package bptree

import (
	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// appender puts entries behind all others of the table: one comparison each, no
// search. It holds the lock of the last leaf from one to the next, so its user
// calls release before anything else takes a lock, and soon. The zero appender of
// a tree is ready.
type appender struct {
	t    *tree
	l    *leaf // locked; nil for none
	m    meta  // of l before it was locked
	end  int   // of the live slots, with those pending
	last ikey.Key

	// pending, unless nil, takes the words of the last slots before end, so that they
	// are stored together: an atomic store waits until the entry, written right
	// before, is out of the store buffer, and those that follow it at once do not.
	pending *[leafSlots]word
	count   int // of pending
}

// append puts the entry at ref with key k behind all others, if it belongs there
// and the last leaf has room and is not another's. It says whether it did.
func (a *appender) append(ref arena.Ref, k ikey.Key) bool {
	if a.l == nil {
		if !a.lockTail(k) {
			return false
		}
	} else if ikey.Compare(a.last, k) >= 0 {
		return false
	}
	if a.end-a.m.start() >= a.t.leafCap || a.end == leafSlots {
		return false
	}
	w := a.m.skip().head32(k)<<32 | word(ref)
	if a.pending != nil {
		a.pending[a.count] = w
		a.count++
	} else {
		a.l.slots[a.end].Store(w)
	}
	a.end++
	a.last = k
	return true
}

// lockTail locks the last leaf if k sorts behind its last entry.
func (a *appender) lockTail(k ikey.Key) bool {
	tail := arena.Ref(a.t.tail.Load())
	if tail == 0 || skip(0).head64(k) < a.t.tailHead.Load() {
		return false
	}
	l := a.t.leaf(tail)
	m, lnk := l.load()
	end := m.start() + m.count()
	if lnk != 0 || m&locked != 0 || m.count() == 0 ||
		a.t.compare(entryOf(l.slots[end-1].Load()), k) >= 0 || !l.lock(m, 0) {
		return false
	}
	a.l, a.m, a.end = l, m, end
	return true
}

// release unlocks the leaf, if there is one.
func (a *appender) release() {
	if a.l != nil {
		slots := a.l.slots[a.end-a.count : a.end]
		for i := range slots {
			slots[i].Store(a.pending[i])
		}
		a.count = 0
		a.l.unlock(a.m.next(a.m.start(), a.end-a.m.start(), a.m.skip()))
		a.l = nil
	}
}

package bptree

import (
	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// appender puts entries behind all others of the table. This takes one comparison each
// and no search. The appender holds the lock of the last leaf from one entry to the
// next. So its user must call release soon, and before anything else takes a lock. The
// zero appender of a tree is ready for use.
type appender struct {
	t    *tree
	l    *leaf    // locked by this appender; nil if no leaf is locked
	m    meta     // state of l before it was locked
	end  int      // of the live slots, including those pending
	last ikey.Key // key of the last entry appended

	// pending, unless nil, collects the words of the last slots before end, so that
	// they are stored together. The first atomic store waits until the entry that was
	// just written has left the store buffer. Stores that follow it at once do not
	// wait.
	pending *[leafSlots]word
	count   int // words in pending
}

// append puts the entry at ref, which has key k, behind all others. It returns false if
// the entry does not belong there, if the last leaf is full, or if another goroutine
// locked it.
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

// lockTail locks the last leaf if k sorts behind the last entry of that leaf.
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

// release stores what is pending and unlocks the leaf, if one is locked.
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

package lsm

import (
	"sync/atomic"
	"unsafe"
)

// readState is all that a read needs: the MemTables, newest first (the active
// one leads), and the tables of one version. It never changes; a new one
// replaces it.
//
// Readers take and drop references without a lock. The count is striped, so
// that readers on different processors do not fight for a cache line:
//
//	acquire: s = current; s.stripes[i]++; current still s? else undo, again
//	retire:  current = next; s.retired = true; all stripes 0? free
//	release: s.stripes[i]--; s.retired and all stripes 0? free
//
// It is right because once s is replaced no new reference can stick (the second
// look at current fails), so each stripe can only fall, and a sum of 0 stays.
// Either the release sees retired, or the retirer sees the fallen count (both
// are sequentially consistent); freed makes sure that only one of them frees.
type readState struct {
	*tableSet
	mems []*memHandle

	retired atomic.Bool
	freed   atomic.Bool
	stripes [numStripes]stripe
}

const numStripes = 16

// stripe fills two cache lines: the adjacent one is prefetched with it.
type stripe struct {
	refs atomic.Int64
	_    [120]byte
}

// newReadState takes a reference on everything in it.
func newReadState(mems []*memHandle, tables *tableSet) *readState {
	s := &readState{tableSet: tables, mems: mems}
	for _, m := range mems {
		m.ref()
	}
	for _, run := range s.runs {
		for _, t := range run {
			t.ref()
		}
	}
	return s
}

func (s *readState) active() *memHandle { return s.mems[0] }

// stateRef is a held reference, counted on one stripe.
type stateRef struct {
	*readState
	stripe uint
}

// acquire returns a reference on the current state, or false when the DB is
// closed.
func (db *DB) acquire() (stateRef, bool) {
	i := stripeIndex()
	for {
		s := db.state.Load()
		if s == nil {
			return stateRef{}, false
		}
		ref := stateRef{s, i}
		s.stripes[i].refs.Add(1)
		if db.state.Load() == s {
			return ref, true
		}
		ref.release()
	}
}

func (r stateRef) release() {
	if r.stripes[r.stripe].refs.Add(-1) == 0 && r.retired.Load() {
		r.tryFree()
	}
}

// retire is called once, after another state (or none) became the current one.
func (s *readState) retire() {
	s.retired.Store(true)
	s.tryFree()
}

func (s *readState) tryFree() {
	for i := range s.stripes {
		if s.stripes[i].refs.Load() != 0 {
			return
		}
	}
	if !s.freed.CompareAndSwap(false, true) {
		return
	}
	for _, m := range s.mems {
		m.unref()
	}
	for _, run := range s.runs {
		for _, t := range run {
			t.unref()
		}
	}
}

// stripeIndex spreads goroutines over the stripes by the address of their
// stack: cheap, stable enough, and any choice is right.
func stripeIndex() uint {
	var here byte
	return uint(uintptr(unsafe.Pointer(&here))>>13*0x9E3779B97F4A7C15>>59) % numStripes
}

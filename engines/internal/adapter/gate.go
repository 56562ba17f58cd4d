package adapter

import (
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"lsmlab/engines/kv"
)

// gate guards a resource that must not be touched after it was given back.
// Short operations enter and leave; things that live longer (iterators,
// snapshots) Hold and Release.
//
// Invariants:
//
//  1. No enter succeeds after Close has begun.
//  2. finish runs exactly once: after Close, when no operation is inside and
//     nothing is held any more. Views into the resource's memory that an
//     iterator gave out therefore stay valid until that iterator is closed.
//
// enter and leave are one atomic addition each, on a cache line that goroutines
// hardly ever share: the line is chosen by the address of their stacks.
type gate struct {
	closed  atomic.Bool
	holders atomic.Int64 // and one for not being closed
	finish  func() error
	stripes []stripe // a power of two
}

// stripe counts some of the callers inside a [gate].
type stripe struct {
	inside    atomic.Int64
	userBytes atomic.Int64
	_         [128 - 16]byte // two lines: neighbours are fetched in pairs
}

const engineStripes = 64

// newGate returns an open gate; finish gives the resource back.
func newGate(stripes int, finish func() error) *gate {
	g := &gate{finish: finish, stripes: make([]stripe, stripes)}
	g.holders.Store(1)
	return g
}

// enter returns nil if the gate is closed. Otherwise the resource stays until
// leave of the result.
func (g *gate) enter() *stripe {
	var here byte
	at := uint64(uintptr(unsafe.Pointer(&here))) >> 11 // stacks are 2 KiB apart or more
	s := &g.stripes[at*0x9e3779b97f4a7c15>>48&uint64(len(g.stripes)-1)]
	s.inside.Add(1)
	if g.closed.Load() {
		s.inside.Add(-1)
		return nil
	}
	return s
}

// leave ends what enter began.
func (s *stripe) leave() { s.inside.Add(-1) }

// isClosed says whether Close has begun.
func (g *gate) isClosed() bool { return g.closed.Load() }

// Hold keeps the resource until Release. It is called between enter and leave,
// or by one that holds already.
func (g *gate) Hold() { g.holders.Add(1) }

// Release ends a Hold. The last one after Close returns the error of finish.
func (g *gate) Release() error {
	if g.holders.Add(-1) == 0 {
		return g.finish()
	}
	return nil
}

// Close lets nobody in any more, waits for those inside, and gives the resource
// back unless it is held. A second Close returns ErrClosed.
func (g *gate) Close() error {
	if g.closed.Swap(true) {
		return kv.ErrClosed
	}
	for i := range g.stripes {
		for spins := 0; g.stripes[i].inside.Load() != 0; spins++ {
			if spins < 100 {
				runtime.Gosched()
			} else {
				time.Sleep(50 * time.Microsecond)
			}
		}
	}
	return g.Release()
}

package lsm

import (
	"slices"
	"sync"
	"sync/atomic"

	"lsmlab/engines/lsm/ikey"
)

// publisher makes writes visible in LSN order although they are applied
// concurrently: visible is the newest LSN up to which everything is stored in the
// WAL and in the MemTables. It only rises, and never over a hole.
//
// Each write has a ticket, dense and in LSN order. When it is in both it is
// entered in a ring under its ticket, and whoever finds the next ticket there
// publishes it: a writer that sleeps is published by the one before it, so no
// chain of writers is woken one by one. The idea is that of Pebble's commit queue,
// where any writer publishes for those before it.
type publisher struct {
	_         [64]byte // what every write changes, apart from what is beside it
	visible   atomic.Uint64
	next      atomic.Uint64 // ticket of the next write to publish
	advancing atomic.Bool   // somebody changes those two
	_         [64]byte
	entries   [ringSize]ringEntry

	waiting atomic.Int32 // length of waiters
	mu      sync.Mutex
	waiters []waiter // writers and flushes that sleep
}

// ringSize is how many writes may be entered behind one that is not; more of
// them wait.
const ringSize = 256

type ringEntry struct {
	ticket atomic.Uint64 // of the write, plus one
	last   atomic.Uint64 // its last LSN
}

// waiter sleeps until visible reaches seq.
type waiter struct {
	seq  ikey.Seq
	wake chan struct{} // of size 1; from wakers
}

var wakers = sync.Pool{New: func() any { return make(chan struct{}, 1) }}

// publishSpins bounds how often a writer looks again before it sleeps, some
// microseconds: the predecessor is usually a single insert away, and to sleep and be
// woken takes as long. It does not yield meanwhile: behind busy readers a yield
// costs milliseconds. From 128 looks to 10000: 1180 -> 1070 ns a write
// (BenchmarkWriters/2, 2-core Xeon VM).
const publishSpins = 5000

func (p *publisher) init(visible ikey.Seq) { p.visible.Store(uint64(visible)) }

// seq returns the newest visible LSN.
func (p *publisher) seq() ikey.Seq { return ikey.Seq(p.visible.Load()) }

// publish enters the write with that ticket and the LSNs [first, last], which is
// in WAL and MemTable. It becomes visible after all before it: see wait.
func (p *publisher) publish(ticket uint64, first, last ikey.Seq) {
	if ticket-p.next.Load() >= ringSize {
		p.wait(first - 1)
	}
	e := &p.entries[ticket%ringSize]
	e.last.Store(uint64(last))
	e.ticket.Store(ticket + 1)
	p.advance()
}

// advance publishes what is entered without a hole. One goroutine does so at a
// time: who finds another at it leaves, as that one looks again when he has ended,
// and each enters first and looks then. If the system stops him there all others
// wait, as they do for a writer that it stops before he has entered.
func (p *publisher) advance() {
	for p.entered(p.next.Load()) && p.advancing.CompareAndSwap(false, true) {
		ticket, last := p.next.Load(), uint64(0)
		for ; p.entered(ticket); ticket++ {
			last = p.entries[ticket%ringSize].last.Load()
		}
		p.next.Store(ticket)
		if last > 0 {
			p.visible.Store(last)
		}
		p.advancing.Store(false)
		if p.waiting.Load() > 0 {
			p.wake()
		}
	}
}

// entered says whether the write with that ticket is.
func (p *publisher) entered(ticket uint64) bool {
	return p.entries[ticket%ringSize].ticket.Load() == ticket+1
}

// wake wakes those that wait for no more than what is visible.
func (p *publisher) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	seq := p.seq()
	p.waiters = slices.DeleteFunc(p.waiters, func(w waiter) bool {
		if w.seq > seq {
			return false
		}
		w.wake <- struct{}{}
		return true
	})
	p.waiting.Store(int32(len(p.waiters)))
}

// wait returns once everything up to seq is visible.
func (p *publisher) wait(seq ikey.Seq) {
	for range publishSpins {
		if p.seq() >= seq {
			return
		}
	}
	w := waiter{seq, wakers.Get().(chan struct{})}
	p.mu.Lock()
	p.waiters = append(p.waiters, w)
	p.waiting.Store(int32(len(p.waiters)))
	p.mu.Unlock()
	// Announced before the look: who raises visible after it sees the waiter.
	if p.seq() >= seq {
		p.wake()
	}
	<-w.wake
	wakers.Put(w.wake)
}

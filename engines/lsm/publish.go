package lsm

import (
	"slices"
	"sync"
	"sync/atomic"

	"lsmlab/engines/lsm/ikey"
)

// publisher makes writes visible in LSN order although they are applied
// concurrently: visible is the newest LSN up to which everything is in the
// MemTables. It only rises, and never over a hole.
//
// Each write has a ticket, dense and in LSN order. When it is in its MemTable it
// is entered in a ring under its ticket, and whoever finds the next ticket there
// publishes it: a writer that sleeps is published by the one before it, so no
// chain of writers is woken one by one. The idea is that of Pebble's commit queue,
// where any writer publishes for those before it.
type publisher struct {
	visible atomic.Uint64
	next    atomic.Uint64 // ticket of the next write to publish
	entries [ringSize]ringEntry

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

// publishSpins bounds how often a writer looks again before it sleeps: the
// predecessor is usually a single insert away. It does not yield meanwhile:
// behind busy readers a yield costs milliseconds, being woken does not.
const publishSpins = 128

func (p *publisher) init(visible ikey.Seq) { p.visible.Store(uint64(visible)) }

// seq returns the newest visible LSN.
func (p *publisher) seq() ikey.Seq { return ikey.Seq(p.visible.Load()) }

// publish enters the write with that ticket and the LSNs [first, last], which is
// in its MemTable. It becomes visible after all before it: see wait.
func (p *publisher) publish(ticket uint64, first, last ikey.Seq) {
	if ticket-p.next.Load() >= ringSize {
		p.wait(first - 1)
	}
	e := &p.entries[ticket%ringSize]
	e.last.Store(uint64(last))
	e.ticket.Store(ticket + 1)
	p.advance()
}

// advance publishes what is entered without a hole. Either it finds an entry, or
// the one who has made the hole finds it: each enters first and looks then.
func (p *publisher) advance() {
	for {
		ticket := p.next.Load()
		e := &p.entries[ticket%ringSize]
		if e.ticket.Load() != ticket+1 {
			return
		}
		last := e.last.Load()
		// Unless next has moved on, the entry was still that of this ticket.
		if p.next.CompareAndSwap(ticket, ticket+1) {
			p.raise(last)
		}
	}
}

// raise makes all up to last visible: those who publish neighbours may come here
// in any order.
func (p *publisher) raise(last uint64) {
	for {
		visible := p.visible.Load()
		if visible >= last {
			return
		}
		if p.visible.CompareAndSwap(visible, last) {
			break
		}
	}
	if p.waiting.Load() > 0 {
		p.wake()
	}
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

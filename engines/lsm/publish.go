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
// Each write has a ticket. Tickets are in LSN order and have no gaps. A write that is
// stored in both places is entered into a ring under its ticket, and any goroutine that
// finds the next ticket in the ring publishes it. So the writes of sleeping writers are
// published by the writer before them, and no chain of writers is woken one by one. The
// idea is that of Pebble's commit queue, where any writer publishes for those before it.
type publisher struct {
	_         [64]byte // a cache line of its own for the words that every write changes
	visible   atomic.Uint64
	next      atomic.Uint64 // ticket of the next write to publish
	advancing atomic.Bool   // a goroutine is in advance, and alone may change visible and next
	_         [64]byte
	entries   [ringSize]ringEntry

	waiting atomic.Int32 // length of waiters
	mu      sync.Mutex
	waiters []waiter // writers and flushes that sleep
}

// ringSize is how many writes may be entered behind one that is not entered yet. Writes
// further behind wait, as their ring entries are still in use.
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

// publishSpins bounds how often a writer checks whether its write is visible before it
// sleeps. The bound amounts to some microseconds: the predecessor usually lacks a single
// insert, and sleeping and being woken take as long as that. The writer does not yield
// between two checks, because a yield behind busy readers costs milliseconds. Raising
// the bound from 128 to 10000 reduced a write from 1180 to 1070 ns (BenchmarkWriters/2,
// 2-core Xeon VM).
const publishSpins = 5000

func (p *publisher) init(visible ikey.Seq) { p.visible.Store(uint64(visible)) }

// seq returns the newest visible LSN.
func (p *publisher) seq() ikey.Seq { return ikey.Seq(p.visible.Load()) }

// publish enters the write that has the ticket and the LSNs [first, last]. The write must
// be stored in the WAL and the MemTable. It becomes visible once all writes before it are
// entered; wait waits for that.
func (p *publisher) publish(ticket uint64, first, last ikey.Seq) {
	if ticket-p.next.Load() >= ringSize {
		p.wait(first - 1)
	}
	e := &p.entries[ticket%ringSize]
	e.last.Store(uint64(last))
	e.ticket.Store(ticket + 1)
	p.advance()
}

// advance publishes all writes up to the first one that is not entered. One goroutine at a
// time does this. A goroutine that finds another one in advance may leave: it entered its
// own write before it looked, and the other one looks once more after it has cleared
// advancing, so one of the two sees the write. If the operating system stops the goroutine
// that is in advance, all others wait for it, just as they wait for a writer that is
// stopped before it has entered its write.
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

// entered says whether the write with that ticket is in the ring.
func (p *publisher) entered(ticket uint64) bool {
	return p.entries[ticket%ringSize].ticket.Load() == ticket+1
}

// wake wakes the waiters whose LSN has become visible.
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

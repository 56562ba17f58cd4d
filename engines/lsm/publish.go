package lsm

import (
	"sync"
	"sync/atomic"

	"lsmlab/engines/lsm/ikey"
)

// publisher makes writes visible in LSN order although they are applied
// concurrently: visible is the newest LSN up to which everything is in the
// MemTables. It only rises, and never over a hole.
type publisher struct {
	visible atomic.Uint64
	waiting atomic.Int32 // waiters that sleep on cond
	mu      sync.Mutex
	cond    sync.Cond
}

// publishSpins bounds how often a writer looks again before it sleeps: the
// predecessor is usually a single insert away. It does not yield meanwhile:
// behind busy readers a yield costs milliseconds, being woken does not.
const publishSpins = 128

func (p *publisher) init(visible ikey.Seq) {
	p.cond.L = &p.mu
	p.visible.Store(uint64(visible))
}

// seq returns the newest visible LSN.
func (p *publisher) seq() ikey.Seq { return ikey.Seq(p.visible.Load()) }

// publish makes [first, last] visible after all before it.
func (p *publisher) publish(first, last ikey.Seq) {
	p.wait(first - 1)
	p.visible.Store(uint64(last))
	if p.waiting.Load() > 0 {
		p.mu.Lock()
		p.cond.Broadcast()
		p.mu.Unlock()
	}
}

// wait returns once everything up to seq is visible.
func (p *publisher) wait(seq ikey.Seq) {
	for range publishSpins {
		if p.seq() >= seq {
			return
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// Announced before the look: a publisher that stores after the look sees it.
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	for p.seq() < seq {
		p.cond.Wait()
	}
}

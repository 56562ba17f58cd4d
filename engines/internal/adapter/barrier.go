package adapter

import (
	"sync"
	"sync/atomic"
)

// barrier lets reads wait for the writes that they may have seen, of a library that
// shows a write before it is durable. A read that overlaps no write costs one load.
type barrier struct {
	running atomic.Int64 // writes begun and not ended

	mu     sync.Mutex
	passed sync.Cond           // signals a change of ended
	begun  uint64              // writes ever; each is known by its number
	open   map[uint64]struct{} // those that run
	ended  uint64              // all writes below it have
}

func newBarrier() *barrier {
	b := &barrier{open: map[uint64]struct{}{}}
	b.passed.L = &b.mu
	return b
}

// begin is called before the library is given a write. What it returns is called
// when the write is durable, or has failed.
func (b *barrier) begin() (end func()) {
	b.running.Add(1)
	b.mu.Lock()
	n := b.begun
	b.begun++
	b.open[n] = struct{}{}
	b.mu.Unlock()
	return func() {
		b.mu.Lock()
		delete(b.open, n)
		before := b.ended
		for ; b.ended < b.begun; b.ended++ {
			if _, runs := b.open[b.ended]; runs {
				break
			}
		}
		if b.ended > before {
			b.passed.Broadcast()
		}
		b.mu.Unlock()
		b.running.Add(-1)
	}
}

// wait is called after a read. It returns once all writes have ended that had begun
// by then; a nil barrier waits for nothing.
func (b *barrier) wait() {
	if b == nil || b.running.Load() == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for last := b.begun; b.ended < last; {
		b.passed.Wait()
	}
}

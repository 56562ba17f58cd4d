package lsm

import (
	"sync"
	"sync/atomic"
	"testing"

	"lsmlab/engines/lsm/ikey"
)

// TestPublisher has many more writers than the ring has entries publish writes of
// three LSNs each. Whatever is visible must have been entered, and each writer
// must see its own.
func TestPublisher(t *testing.T) {
	const writers, writes, size = 3 * ringSize, 300, 3
	var p publisher
	p.init(10)
	entered := make([]atomic.Bool, writers*writes)
	var mu sync.Mutex
	var tickets uint64
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range writes {
				mu.Lock()
				ticket := tickets
				tickets++
				mu.Unlock()
				first := ikey.Seq(11 + size*ticket)
				entered[ticket].Store(true)
				p.publish(ticket, first, first+size-1)
				p.wait(first + size - 1)
				seen := p.seq()
				if (seen-10)%size != 0 {
					t.Errorf("visible up to %d, within a write", seen)
				}
				if newest := uint64(seen-10)/size - 1; newest < ticket || !entered[newest].Load() {
					t.Errorf("write %d: %d is visible, and entered: %v", ticket, newest, entered[newest].Load())
				}
			}
		})
	}
	wg.Wait()
	if want := ikey.Seq(10 + size*writers*writes); p.seq() != want || len(p.waiters) != 0 {
		t.Errorf("visible up to %d, want %d; %d still wait", p.seq(), want, len(p.waiters))
	}
}

// TestPublisherHole: a writer that is late holds back those after it, and
// publishes them when it comes.
func TestPublisherHole(t *testing.T) {
	var p publisher
	p.init(0)
	var wg sync.WaitGroup
	for ticket := uint64(1); ticket <= 2*ringSize; ticket++ {
		wg.Go(func() {
			seq := ikey.Seq(ticket + 1)
			p.publish(ticket, seq, seq)
			p.wait(seq)
		})
	}
	for p.waiting.Load() < 2*ringSize {
		if p.seq() != 0 {
			t.Fatalf("%d is visible before the first", p.seq())
		}
	}
	p.publish(0, 1, 1)
	wg.Wait()
	if p.seq() != 2*ringSize+1 {
		t.Errorf("visible up to %d", p.seq())
	}
}

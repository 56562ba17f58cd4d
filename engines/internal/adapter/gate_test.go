package adapter

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"lsmlab/engines/kv"
)

// TestGate has goroutines enter and hold a resource while it is closed. Anyone
// who got in must find it there.
func TestGate(t *testing.T) {
	for range 200 {
		var gone atomic.Bool
		var finished atomic.Int64
		g := newGate(4, func() error { gone.Store(true); finished.Add(1); return nil })
		var wg sync.WaitGroup
		use := func() {
			if gone.Load() {
				t.Error("used after it was given back")
			}
		}
		for range 4 {
			wg.Go(func() {
				for {
					s := g.enter()
					if s == nil {
						return
					}
					use()
					g.Hold()
					s.leave()
					use()
					g.Release()
				}
			})
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		if err := g.Close(); !errors.Is(err, kv.ErrClosed) || finished.Load() != 1 || g.enter() != nil {
			t.Fatalf("after close: %v, given back %d times", err, finished.Load())
		}
	}
}

func TestGateWaitsForHolders(t *testing.T) {
	failed := errors.New("library says no")
	g := newGate(1, func() error { return failed })
	s := g.enter()
	g.Hold()
	s.leave()
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if err := g.Release(); err != failed {
		t.Fatalf("last release: %v", err)
	}
}

func BenchmarkGate(b *testing.B) {
	g := newGate(engineStripes, func() error { return nil })
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			g.enter().leave()
		}
	})
}

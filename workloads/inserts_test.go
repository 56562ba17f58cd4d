package workloads

import (
	"sync"
	"testing"
)

// TestInsertsConcurrent lets threads allocate and acknowledge at random distances
// while others watch that the limit never passes an index that is not
// acknowledged. In the end no acknowledgement may have been lost.
func TestInsertsConcurrent(t *testing.T) {
	const base, threads, each = 10, 4, 20_000
	n := newInserts(base)
	done := make([]bool, base+threads*each)
	var mu sync.Mutex
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	readers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			limit := n.known()
			mu.Lock()
			for i := max(base, int(limit)-100); i < int(limit); i++ {
				if !done[i] {
					t.Errorf("limit %d passed %d", limit, i)
				}
			}
			mu.Unlock()
		}
	})
	for w := range threads {
		writers.Go(func() {
			var held []uint64
			for i := range each {
				index, ok := n.allocate()
				if !ok {
					t.Error("no index left")
				}
				if held = append(held, index); i%(w+1) == 0 {
					acknowledgeAll(n, &mu, done, held)
					held = held[:0]
				}
			}
			acknowledgeAll(n, &mu, done, held)
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	if got := n.known(); got != uint64(len(done)) {
		t.Errorf("limit %d in the end, want %d", got, len(done))
	}
}

// acknowledgeAll acknowledges in falling order, so that gaps form.
func acknowledgeAll(n *inserts, mu *sync.Mutex, done []bool, held []uint64) {
	for i := len(held) - 1; i >= 0; i-- {
		mu.Lock()
		done[held[i]] = true
		mu.Unlock()
		n.acknowledge(held[i])
	}
}

// TestInsertsGap: an insert that is never acknowledged holds the limit, others go
// on, across pages.
func TestInsertsGap(t *testing.T) {
	n := newInserts(5)
	first, _ := n.allocate()
	for range 3 * insertPageBits {
		i, _ := n.allocate()
		n.acknowledge(i)
	}
	if got := n.known(); got != 5 {
		t.Errorf("limit %d, want 5", got)
	}
	n.acknowledge(first)
	if got, want := n.known(), uint64(6+3*insertPageBits); got != want {
		t.Errorf("limit %d, want %d", got, want)
	}
}

package mailbox

import (
	"slices"
	"sync"
	"testing"
)

// TestOrder has several senders, each of whose items arrive once and in order.
func TestOrder(t *testing.T) {
	const senders, each = 4, 1000
	b, stop := New[[2]int](), make(chan struct{})
	var got [senders][]int
	var all sync.WaitGroup
	all.Add(senders * each)
	var receiver sync.WaitGroup
	receiver.Go(func() {
		b.Serve(stop, func(items [][2]int) {
			for _, i := range items {
				got[i[0]] = append(got[i[0]], i[1])
				all.Done()
			}
		})
	})
	for s := range senders {
		go func() {
			for i := range each {
				b.Put([2]int{s, i})
			}
		}()
	}
	all.Wait()
	close(stop)
	receiver.Wait()
	for s := range got {
		if len(got[s]) != each || !slices.IsSorted(got[s]) {
			t.Errorf("sender %d: %d items, in order %v", s, len(got[s]), slices.IsSorted(got[s]))
		}
	}
	if b.Take() != nil {
		t.Error("an item is there twice")
	}
}

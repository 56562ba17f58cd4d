package explore

import (
	"context"
	"errors"
	"iter"
	"sync"
	"testing"
)

// twice yields 0 to n-1, each twice.
func twice(n int) func(func() bool) iter.Seq[int] {
	return func(func() bool) iter.Seq[int] {
		return func(yield func(int) bool) {
			for i := range 2 * n {
				if !yield(i / 2) {
					return
				}
			}
		}
	}
}

// Each new state is checked once, by one of the shards, and no more than are wanted.
func TestSearch(t *testing.T) {
	for _, c := range []struct{ workers, shards, states, want int }{{1, 0, 100, 20}, {4, 0, 100, 20}, {3, 2, 100, 20}, {2, 0, 7, 7}} {
		var mu sync.Mutex
		checked, made := map[int]int{}, 0
		for shard := range max(1, c.shards) {
			s := Search[int]{
				All: twice(20), Key: func(i int) uint64 { return uint64(i) }, States: int64(c.states), Shard: shard, Shards: c.shards,
				Workers: c.workers, Made: func() { made++ },
			}
			err := s.Run(t.Context(), func(_ context.Context, _ func(), _ int, jobs <-chan int) error {
				for i := range jobs {
					mu.Lock()
					checked[i]++
					mu.Unlock()
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		if len(checked) != c.want || c.want == 20 && made != 40 {
			t.Errorf("%+v: %d made, checked %v", c, made, checked)
		}
		for i, n := range checked {
			if n != 1 {
				t.Errorf("%+v: %d was checked %d times", c, i, n)
			}
		}
	}
}

// A worker that stops, or fails, ends the others and the producer, whose states have no
// end.
func TestSearchStops(t *testing.T) {
	endless := func(func() bool) iter.Seq[int] {
		return func(yield func(int) bool) {
			for i := 0; yield(i); i++ {
			}
		}
	}
	bad := errors.New("bad")
	for _, want := range []error{nil, bad} {
		s := Search[int]{All: endless, Key: func(i int) uint64 { return uint64(i) }, States: 1 << 40, Workers: 3, Made: func() {}}
		err := s.Run(t.Context(), func(ctx context.Context, stop func(), worker int, jobs <-chan int) error {
			for i := range jobs {
				if i > 50 {
					stop()
					return want
				}
				if ctx.Err() != nil {
					return nil
				}
			}
			return nil
		})
		if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

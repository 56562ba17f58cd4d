package explore

import (
	"context"
	"iter"
	"sync"
)

// Search finds the states that have not been met before, and lets several workers check them.
type Search[S any] struct {
	// All yields states until the caller has enough. novel says whether the last one had
	// not been met before.
	All func(novel func() bool) iter.Seq[S]
	// Key tells states apart.
	Key func(S) uint64
	// States is how many new ones are checked at most.
	States int64
	// Shard takes the states whose key is this number modulo Shards. Shards of 0 is one.
	Shard, Shards int
	Workers       int // default 1
	// Made is called for each state of the shard, also for states that were met before. The
	// goroutine that calls it is none of the workers.
	Made func()
}

// Run calls work once for each worker, with its number. A worker takes states from jobs until
// there are no more or ctx ends; stop ends ctx for all workers. The first error of a worker
// ends the others. Run returns it when all workers have ended.
func (s *Search[S]) Run(ctx context.Context, work func(ctx context.Context, stop func(), worker int, jobs <-chan S) error) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	jobs := make(chan S)
	go func() {
		defer close(jobs)
		s.produce(running, jobs)
	}()
	var workers sync.WaitGroup
	var first sync.Once
	var failed error
	for i := range max(1, s.Workers) {
		workers.Go(func() {
			if err := work(running, stop, i, jobs); err != nil {
				first.Do(func() { failed = err })
				stop()
			}
		})
	}
	workers.Wait()
	stop()
	for range jobs { // the producer must have ended before what it reads is used again
	}
	return failed
}

// produce sends the states that are new, and of this shard.
func (s *Search[S]) produce(ctx context.Context, jobs chan<- S) {
	seen := map[uint64]struct{}{}
	sent, novel := int64(0), false
	for state := range s.All(func() bool { return novel }) {
		key := s.Key(state)
		_, met := seen[key]
		novel = !met
		seen[key] = struct{}{}
		if s.Shards > 1 && key%uint64(s.Shards) != uint64(s.Shard) {
			continue
		}
		s.Made()
		if met {
			continue
		}
		select {
		case jobs <- state:
		case <-ctx.Done():
			return
		}
		if sent++; sent >= s.States {
			return
		}
	}
}

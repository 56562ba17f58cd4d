// Package locks races concurrent maps that differ in the granularity of their locks: the
// three of the core's package hotmap, and the usual public ones beside them.
//
// All maps hold the same keys before the measured part, and every operation reads a key
// that is there or replaces its value. Between two operations a goroutine gives the
// processor to another, as one that serves requests does: so thousands of goroutines are
// in the middle of their work, and not one after the other. That time is charged to no
// operation; it is part of the throughput of every contender alike.
package locks

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"

	"lsmlab/harness/micro"
	"lsmlab/harness/result"
	"lsmlab/workloads"
	"lsmlab/workloads/dist"
)

// conflictShare is the figure of the share of operations that had to wait for another: that
// found a lock taken, or whose compare-and-swap failed. Maps that do not count have none.
const conflictShare = "conflict_share"

// work is a share of writes and a draw of keys.
type work struct {
	micro.Work
	writes       uint64 // of 100 operations
	distribution string // of package dist
}

var works = []work{
	{micro.Work{Name: "half", About: "half reads, half writes, scrambled Zipfian keys"}, 50, dist.NameZipfian},
	{micro.Work{Name: "half-uniform", About: "half reads, half writes, uniform keys"}, 50, dist.NameUniform},
	{micro.Work{Name: "read-mostly", About: "95 reads to 5 writes, scrambled Zipfian keys"}, 5, dist.NameZipfian},
	{micro.Work{Name: "read-only", About: "reads, scrambled Zipfian keys"}, 0, dist.NameZipfian},
}

// Kind returns the maps as contenders of the kind "locks".
func Kind() micro.Kind {
	k := micro.Kind{
		Name: "locks", About: "concurrent maps by the granularity of their locks", Measure: micro.Loop(prepare), KeySize: 16, ValueSize: 100,
	}
	for _, c := range contenders {
		k.Contenders = append(k.Contenders, c.Contender)
	}
	for _, w := range works {
		k.Works = append(k.Works, w.Work)
	}
	return k
}

// drawn is how many keys are drawn before the measured part. Every goroutine goes round
// them from a place of its own, so that drawing costs next to nothing.
const drawn = 1 << 18

// race is a cell's map and what is done to it.
type race struct {
	store  store
	keys   []key
	draws  []uint32
	values [2][]byte // either may stand for a key
	writes uint64    // of 100 operations
	seed   uint64
}

func prepare(ctx context.Context, j micro.Job) (*micro.Task, error) {
	c := contenders[slices.IndexFunc(contenders, func(c contender) bool { return c.Name == j.Contender })]
	w := works[slices.IndexFunc(works, func(w work) bool { return w.Name == j.Work })]
	r := &race{store: c.open(int(j.Keys)), writes: w.writes, seed: j.Seed}
	style := workloads.Keys{Style: workloads.DBBench, Size: j.KeySize}
	for i := range r.values {
		r.values[i] = workloads.AppendValue(nil, uint64(i), 1, j.ValueSize, 0)
	}
	for i := range uint64(j.Keys) {
		b := style.Append(nil, i)
		r.keys = append(r.keys, key{b, string(b)})
		r.store.Set(r.keys[i], r.values[0])
	}
	g, err := dist.New(w.distribution, uint64(j.Keys), 0, dist.NewSource(j.Seed, 0))
	if err != nil {
		return nil, err
	}
	r.draws = make([]uint32, drawn)
	for i := range r.draws {
		r.draws[i] = uint32(g.Next())
	}
	return &micro.Task{Thread: r.thread, Between: yield, Figures: r.conflicts()}, ctx.Err()
}

func yield(int) error { runtime.Gosched(); return nil }

// thread returns what one goroutine does.
func (r *race) thread(i int) (micro.Step, error) {
	rng := rand.NewPCG(r.seed, uint64(i))
	at := rng.Uint64() % drawn
	return func() error {
		at++
		k := r.keys[r.draws[at%drawn]]
		u := rng.Uint64()
		if u%100 < r.writes {
			r.store.Set(k, r.values[u>>63])
			return nil
		}
		if v, ok := r.store.Get(k); !ok || len(v) != len(r.values[0]) {
			return fmt.Errorf("key %x is lost", k.bytes)
		}
		return nil
	}, nil
}

// conflicts returns what sets the share of conflicts, of a map that counts them.
func (r *race) conflicts() func(*result.Cell) error {
	counter, ok := r.store.(interface{ Contended() int64 })
	if !ok {
		return nil
	}
	before := counter.Contended()
	return func(c *result.Cell) error {
		c.Figures = map[string]float64{conflictShare: float64(counter.Contended()-before) / float64(c.Ops)}
		return nil
	}
}

package sim

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"math/rand/v2"
	"runtime"
	"sync"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/program"
)

// Campaign explores one engine under one profile.
type Campaign struct {
	Open    OpenFunc
	Profile explore.Profile
	Seed    uint64
	Depth   int // greatest number of crashes that follow each other; default 2
	// States is the number of distinct states after which the campaign ends.
	States int64
	// Programs, if not 0, is the number of generated programs.
	Programs int
	// Shard is the part of the campaign to explore: every Shards-th scenario, from number
	// Shard on. Shards of 0 stands for 1.
	Shard, Shards int
	// First is how many scenarios of the shard are left out at its beginning. Most, if
	// not 0, is how many of the others are explored. So a campaign can be explored in
	// parts.
	First, Most int
	NoShort     bool // leave out the short programs
	// Levels are the isolation levels of the transactions in generated programs; if it is
	// empty, programs have no transactions. No transaction of the engine may wait for
	// another one.
	Levels []kv.Isolation
	// RangeDeletes says that programs have range deletes, which the engine must take.
	RangeDeletes bool
	NoFaults     bool // leave out programs with an operation that fails
	Workers      int  // default: one for each processor
	Findings     int  // number of findings after which the campaign ends; default 1

	// OnResult, if not nil, is called after each scenario, by one goroutine at a time,
	// with the counts of the campaign so far.
	OnResult func(Scenario, Result, explore.Counts)
}

// The most states that one program may have, so that many programs get their turn.
const (
	statesPerLong  = 3000
	statesPerShort = 600
	statesPerFault = 300
)

// faultsPerRound is how many programs with a fault follow each generated one.
const faultsPerRound = 4

// txnsLeftOut is how many generated programs there are for each without transactions, which
// has more batches of several operations instead.
const txnsLeftOut = 3

// Run explores until there are enough states or findings, or ctx ends, and returns the
// counts of what was explored. Findings reach OnResult shrunk.
func (c *Campaign) Run(ctx context.Context) (total explore.Counts, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	scenarios := c.scenarios(ctx)
	found := 0
	work := func() {
		for s := range scenarios {
			r, e := Explore(ctx, c.Open, s)
			if r.Finding != nil {
				s, r.Finding = shrinkProgram(ctx, c.Open, s, r.Finding)
				r.Finding.Program = s.Program.String()
				r.Finding.Scenario, _ = json.Marshal(s) // numbers and names
			}
			mu.Lock()
			if e != nil {
				err = e
			}
			total.Add(&r.Counts)
			if found >= max(c.Findings, 1) {
				r.Finding = nil // found by a worker while the campaign was ending
			}
			if r.Finding != nil {
				found++
			}
			if c.OnResult != nil {
				c.OnResult(s, r, total)
			}
			if e != nil || found >= max(c.Findings, 1) || c.States > 0 && total.Distinct >= c.States {
				stop()
			}
			mu.Unlock()
		}
	}
	var workers sync.WaitGroup
	for range cmp.Or(c.Workers, runtime.GOMAXPROCS(0)) {
		workers.Go(work)
	}
	workers.Wait()
	return total, err
}

// scenarios sends the scenarios of the shard until ctx ends.
func (c *Campaign) scenarios(ctx context.Context) <-chan Scenario {
	out := make(chan Scenario)
	go func() {
		defer close(out)
		n := 0 // of the shard
		c.ofShard(func(scenario func() Scenario) bool {
			n++
			if n <= c.First {
				return true
			}
			if c.Most > 0 && n > c.First+c.Most {
				return false
			}
			select {
			case out <- scenario():
				return true
			case <-ctx.Done():
				return false
			}
		})
	}()
	return out
}

// Holds says whether the campaign has more than n scenarios. A campaign without a limit of
// programs always has.
func (c *Campaign) Holds(n int) bool {
	if c.Programs == 0 {
		return true
	}
	more := false
	c.ofShard(func(func() Scenario) bool {
		n--
		more = n < 0
		return !more
	})
	return more
}

// ofShard yields a constructor for every scenario of the shard.
func (c *Campaign) ofShard(yield func(func() Scenario) bool) {
	n := -1
	c.each(func(scenario func() Scenario) bool {
		n++
		return c.Shards > 1 && n%c.Shards != c.Shard || yield(scenario)
	})
}

// each yields a constructor for every scenario of the campaign. A round is a short program,
// a generated one, and some with an operation that fails. Short programs that are left
// after the last generated one follow at the end.
func (c *Campaign) each(yield func(func() Scenario) bool) {
	next, stop := iter.Pull(c.short())
	defer stop()
	more := !c.NoShort
	for i := 0; ; i++ {
		if more {
			var s Scenario
			if s, more = next(); more && !yield(func() Scenario { return s }) {
				return
			}
		}
		last := c.Programs > 0 && i >= c.Programs
		if last && !more {
			return
		}
		if last {
			continue
		}
		if !yield(func() Scenario { return c.long(i) }) {
			return
		}
		for n := range faultsPerRound {
			if c.NoFaults {
				break
			}
			if !yield(func() Scenario { return c.faulty(i*faultsPerRound + n) }) {
				return
			}
		}
	}
}

// short yields the scenarios of all short programs.
func (c *Campaign) short() iter.Seq[Scenario] {
	return func(yield func(Scenario) bool) {
		for _, durability := range []kv.Durability{kv.Synced, kv.Buffered} {
			for p := range program.Short(3, durability, c.RangeDeletes) {
				s := Scenario{Program: p, Profile: c.Profile, Seed: c.Seed, Depth: cmp.Or(c.Depth, 2), States: statesPerShort, All: 64}
				if !yield(s) {
					return
				}
			}
		}
	}
}

// long returns the scenario of generated program i.
func (c *Campaign) long(i int) Scenario {
	s := Scenario{Profile: c.Profile, Seed: mix(c.Seed) + uint64(i), Depth: cmp.Or(c.Depth, 2), States: statesPerLong, All: 8}
	shape := program.Shape{Durability: kv.Synced, RangeDeletes: c.RangeDeletes}
	s.RangeDeletes = c.RangeDeletes
	if i%txnsLeftOut != 0 {
		s.Levels, shape.Levels = c.Levels, c.Levels
	}
	switch i % 4 {
	case 1:
		shape.Writers = 3
	case 3:
		shape.Durability = kv.Buffered // on a mapped log
	}
	s.Program = program.Generate(s.Seed, shape)
	return s
}

// faulty returns scenario number i of those with an operation that fails.
func (c *Campaign) faulty(i int) Scenario {
	s := Scenario{Profile: c.Profile, Seed: mix(c.Seed+1) + uint64(i), Depth: 1, States: statesPerFault, All: 2}
	shape := program.Shape{Durability: kv.Synced, Writes: 20, RangeDeletes: c.RangeDeletes}
	if s.Seed%3 == 0 {
		shape.Durability = kv.Buffered // on a mapped log
	}
	if i%txnsLeftOut != 0 {
		shape.Levels = c.Levels
	}
	s.Program = program.Generate(s.Seed, shape)
	if s.Fault = fault(i, rand.New(rand.NewPCG(s.Seed, 2))); s.Fault.Times > 0 {
		s.States *= 3 // the store is expected to go on after the fault
	}
	return s
}

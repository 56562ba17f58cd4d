package netsim

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"lsmlab/powerfail/oracle"
)

// Campaign runs schedules drawn from consecutive seeds.
type Campaign struct {
	Options
	Shape     Shape
	Seed      uint64 // of the first schedule
	Schedules uint64 // ends the campaign after so many; 0: when ctx ends
	Workers   int    // default one a processor
	// OnProgress, if set, is told now and then of the counts so far, by one goroutine at a time.
	OnProgress func(Counts)
}

// Counts are what a campaign has done.
type Counts struct {
	Schedules int64 `json:"schedules"`
	Events    int64 `json:"events"`
	Units     int64 `json:"units"` // of virtual time, tenths of a tick
}

// Finding is a schedule that breaks a rule.
type Finding struct {
	Rule     oracle.Rule `json:"rule"`
	Detail   string      `json:"detail"`
	Seed     uint64      `json:"seed"`     // of the schedule that was drawn
	Drawn    int         `json:"drawn"`    // events of that schedule
	Schedule *Schedule   `json:"schedule"` // shrunk
	Diagram  string      `json:"-"`
}

// Run runs until there are enough schedules or a finding, which is shrunk, or ctx ends.
func (c *Campaign) Run(ctx context.Context) (total Counts, found *Finding) {
	var next atomic.Uint64
	var mu sync.Mutex
	work := func() {
		for ctx.Err() == nil {
			n := next.Add(1) - 1
			if c.Schedules > 0 && n >= c.Schedules {
				return
			}
			r := draw(c.Options, c.Seed+n, c.Shape)
			mu.Lock()
			if found != nil {
				mu.Unlock()
				return
			}
			total.Schedules++
			total.Events += int64(r.Events)
			total.Units += r.Units
			if r.Broken != nil {
				found = &Finding{Rule: r.Broken.Rule, Detail: r.Broken.Detail, Seed: c.Seed + n, Drawn: len(r.Ran.Events), Schedule: r.Ran}
			}
			if c.OnProgress != nil && total.Schedules%progressEvery == 0 {
				c.OnProgress(total)
			}
			mu.Unlock()
		}
	}
	var workers sync.WaitGroup
	for range cmp.Or(c.Workers, runtime.GOMAXPROCS(0)) {
		workers.Go(work)
	}
	workers.Wait()
	if found != nil {
		found.shrink(c.Options)
	}
	return total, found
}

const progressEvery = 100

// shrink shrinks the schedule and draws it.
func (f *Finding) shrink(o Options) {
	f.Schedule = Shrink(o, f.Schedule)
	if r := Run(o, f.Schedule); r.Broken != nil {
		f.Detail = r.Broken.Detail
	}
	f.Diagram = Diagram(o, f.Schedule)
}

// Replay runs the schedule of a finding again and returns what it breaks now, or nil.
func (f *Finding) Replay(o Options) *oracle.Violation { return Run(o, f.Schedule).Broken }

// String says what was found, with the events that it takes.
func (f *Finding) String() string {
	s := fmt.Sprintf("%s, seed %d: %d events of %d, %d members\n%s\n", f.Rule, f.Seed, len(f.Schedule.Events), f.Drawn, f.Schedule.Members, f.Detail)
	for i := range f.Schedule.Events {
		s += "  " + f.Schedule.Events[i].String() + "\n"
	}
	return s
}

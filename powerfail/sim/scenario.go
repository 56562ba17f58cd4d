package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/model"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
)

// Tier is the name of this tier in run directories.
const Tier = "sim"

// FileSystem is the name of the simulated disk in run directories.
const FileSystem = "model"

// Dir is the directory of every store. It is durable before a program begins.
const Dir = "/db"

// OpenFunc opens the store of the engine under test in [Dir] of fs, for a durability level.
type OpenFunc func(fs vfs.FS, d kv.Durability) (kv.Engine, error)

// Scenario is a program, together with everything that decides which crash states of it
// are explored.
type Scenario struct {
	Program *program.Program `json:"-"`
	Profile explore.Profile  `json:"profile"`
	Seed    uint64           `json:"seed"`
	// Depth is the greatest number of crashes that follow each other.
	Depth int `json:"depth"`
	// States is the number of distinct crash states after which the exploration ends.
	States int64 `json:"states"`
	// All bounds exhaustive search: an operation with at most so many crash states has all
	// of them checked. Of one with more, a few are drawn.
	All int `json:"all"`
	// Levels are the isolation levels of transactions in the programs that run after the
	// first crash.
	Levels []kv.Isolation `json:"levels,omitempty"`
	// RangeDeletes says that these programs have range deletes.
	RangeDeletes bool `json:"range_deletes,omitempty"`
	// Fault fails one operation of the program, or nil.
	Fault *Fault `json:"fault,omitempty"`
}

// Result is the outcome of exploring a scenario.
type Result struct {
	explore.Counts
	Finding *rundir.Finding // the first; it ends the exploration
}

// Explore runs the scenario. It returns an error if the scenario cannot be run; what the
// engine does wrong is a finding.
func Explore(ctx context.Context, open OpenFunc, s Scenario) (Result, error) {
	x := newExplorer(ctx, open, s)
	if err := x.explore(); err != nil {
		return Result{}, fmt.Errorf("explore: %w", err)
	}
	return Result{x.counts, x.finding}, nil
}

// explore runs the scenario's program on a new disk.
func (x *explorer) explore() error {
	disk := vfs.NewMem()
	empty, err := (&oracle.History{}).Index()
	if err = errors.Join(err, disk.MkdirAll(Dir), disk.SyncDir("/")); err != nil {
		return err
	}
	r := x.newRun(disk, 1)
	r.before = judgement{empty.NewChecker(), 0}
	r.execute(x.s.Program, x.s.Fault)
	return x.err
}

// explorer is the exploration of one scenario: its run, and the runs that start in some of
// the crash states.
type explorer struct {
	visit   func(r *run, label string) // explores what a crash now may leave
	nest    int                        // how many states there are for each in which a run starts
	ctx     context.Context
	open    OpenFunc
	s       Scenario
	kind    model.Kind
	rng     *rand.Rand
	seen    map[uint64]struct{}
	refused int // writes that the engine refused for now
	counts  explore.Counts
	finding *rundir.Finding
	err     error
}

func newExplorer(ctx context.Context, open OpenFunc, s Scenario) *explorer {
	return &explorer{
		visit: (*run).cut, nest: nestOneIn,
		ctx: ctx, open: open, s: s, kind: model.KindOf(s.Profile),
		rng:    rand.New(rand.NewPCG(s.Seed, 1)),
		seen:   map[uint64]struct{}{},
		counts: explore.Counts{Programs: 1},
	}
}

// done says whether the exploration has ended.
func (x *explorer) done() bool {
	return x.finding != nil || x.err != nil || x.counts.Distinct >= x.s.States || x.ctx.Err() != nil
}

// opener returns what opens the store on a disk that behaves as the profile says.
func (x *explorer) opener(disk vfs.FS) func() (kv.Engine, error) {
	if x.kind.Lies {
		disk = vfs.NewInject(disk, model.Lie)
	}
	return func() (kv.Engine, error) { return x.open(disk, x.s.Program.Durability) }
}

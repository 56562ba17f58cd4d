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

// FileSystem is that of the simulated disk.
const FileSystem = "model"

// Dir is the directory of every store. It is durable before a program begins.
const Dir = "/db"

// OpenFunc opens the store of the engine under test in [Dir] of fs, for a durability level.
type OpenFunc func(fs vfs.FS, d kv.Durability) (kv.Engine, error)

// Scenario is a program with all that decides which of its crash states are
// explored.
type Scenario struct {
	Program *program.Program `json:"-"`
	Profile explore.Profile  `json:"profile"`
	Seed    uint64           `json:"seed"`
	// Depth is how many crashes follow each other at most.
	Depth int `json:"depth"`
	// States ends the exploration after so many distinct ones.
	States int64 `json:"states"`
	// All is up to how many states of one operation all are visited; of more,
	// a few are drawn.
	All int `json:"all"`
	// Levels are the isolation levels of the transactions of lives after the first crash.
	Levels []kv.Isolation `json:"levels,omitempty"`
	// RangeDeletes says that those lives have range deletes.
	RangeDeletes bool `json:"range_deletes,omitempty"`
	// Fault fails one operation of the program, or nil.
	Fault *Fault `json:"fault,omitempty"`
}

// Result is what the exploration of a scenario gave.
type Result struct {
	explore.Counts
	Finding *rundir.Finding // the first; it ends the exploration
}

// Explore runs the scenario. An error is one of the scenario, not of the engine.
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
	l := x.life(disk, 1)
	l.before = judgement{empty.NewChecker(), 0}
	l.run(x.s.Program, x.s.Fault)
	return x.err
}

// explorer is the exploration of one scenario, over all its lives.
type explorer struct {
	visit   func(l *life, label string) // explores what a crash now may leave
	nest    int                         // of how many states one is lived on in
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
		visit: (*life).cut, nest: nestOneIn,
		ctx: ctx, open: open, s: s, kind: model.KindOf(s.Profile),
		rng:    rand.New(rand.NewPCG(s.Seed, 1)),
		seen:   map[uint64]struct{}{},
		counts: explore.Counts{Programs: 1},
	}
}

// done says whether nothing more is to be explored.
func (x *explorer) done() bool {
	return x.finding != nil || x.err != nil || x.counts.Distinct >= x.s.States || x.ctx.Err() != nil
}

// opener opens the store on a disk, seen through the profile.
func (x *explorer) opener(disk vfs.FS) func() (kv.Engine, error) {
	if x.kind.Lies {
		disk = vfs.NewInject(disk, model.Lie)
	}
	return func() (kv.Engine, error) { return x.open(disk, x.s.Program.Durability) }
}

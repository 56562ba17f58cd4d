package campaign

import (
	"context"

	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
)

// Tier is a way to make crash states, with what it was told to explore. It is used by
// one goroutine at a time.
type Tier interface {
	// Name is that of the tier in results.
	Name() string
	// Steps is how finely [Progress] moves in all.
	Steps() int
	// Versions are those of what the tier works with, by name, beside the engines'.
	Versions() map[string]string
	// Explore adds cells and findings to a run. If ctx ends, it returns soon, with what
	// there is in the run.
	Explore(ctx context.Context, r *Run) error
	Replayer
}

// Replayer shows findings of a tier again.
type Replayer interface {
	// Replay returns what breaks the rule of the finding now, nil if nothing does any
	// more, and what was explored.
	Replay(ctx context.Context, f *rundir.Finding) (*rundir.Finding, explore.Counts, error)
}

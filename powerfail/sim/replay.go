package sim

import (
	"context"
	"encoding/json"
	"fmt"

	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
)

// replays is how often a scenario is explored to show its finding again. The operations
// of several writers have another order each time.
const replays = 20

// Replay explores the scenario of a finding again. It returns a finding of the same rule,
// nil if nothing breaks that rule any more, and the counts of the exploration.
func Replay(ctx context.Context, open OpenFunc, f *rundir.Finding) (*rundir.Finding, explore.Counts, error) {
	var s Scenario
	var total explore.Counts
	if err := json.Unmarshal(f.Scenario, &s); err != nil {
		return nil, total, fmt.Errorf("scenario of the finding: %w", err)
	}
	p, err := program.Parse(f.Program)
	if err != nil {
		return nil, total, err
	}
	s.Program = p
	for range replays {
		r, err := Explore(ctx, open, s)
		if err != nil {
			return nil, total, err
		}
		total.Add(&r.Counts)
		if r.Finding != nil && r.Finding.Rule == f.Rule {
			r.Finding.Key, r.Finding.Command = f.Key, f.Command
			r.Finding.Program, r.Finding.Scenario = f.Program, f.Scenario
			return r.Finding, total, nil
		}
		s.Seed++
	}
	return nil, total, ctx.Err()
}

// Package simtier runs campaigns of tier 1: engines on a simulated disk.
package simtier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/engineset"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/internal/tuning"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/sim"
)

// steps is how finely the progress moves within a cell.
const steps = 1000

// Tier explores every engine under every profile.
type Tier struct {
	*campaign.Options
	Programs int           // generated ones of each cell; 0: as many as States takes
	NoShort  bool          // leave the short programs out
	Lasts    time.Duration // explore for so long, in chunks of States with a seed each; 0: once

	done   int                  // cells
	lasted func() time.Duration // the run, with all goes before this one
}

// Name implements [campaign.Tier].
func (t *Tier) Name() string { return sim.Tier }

// Steps implements [campaign.Tier].
func (t *Tier) Steps() int { return len(t.Engines) * len(t.Profiles) * steps }

// Versions implements [campaign.Tier].
func (t *Tier) Versions() map[string]string { return nil }

// Explore implements [campaign.Tier].
func (t *Tier) Explore(ctx context.Context, r *campaign.Run) error {
	defer tuning.Memory()()
	if t.Lasts > 0 {
		return t.soak(ctx, r)
	}
	for _, engine := range t.Engines {
		for _, p := range t.Profiles {
			if ctx.Err() != nil {
				return nil
			}
			if err := t.cell(ctx, r, t.key(engine, p)); err != nil {
				return err
			}
		}
	}
	return nil
}

// partScenarios is how many scenarios a unit has: seconds of work, so that a run that is
// cut loses little, and workers seldom wait for each other at its end.
const partScenarios = 64

// state is what a cell's next unit must know of those before.
type state struct {
	Found int  `json:"found"` // findings
	More  bool `json:"more"`  // scenarios are left
}

// cell explores one engine under one profile, by units of some scenarios each.
func (t *Tier) cell(ctx context.Context, r *campaign.Run, key rundir.Key) error {
	cell, s := rundir.Cell{Key: key}, state{More: true}
	for part := 0; s.More && ctx.Err() == nil; part++ {
		c := sim.Campaign{
			Programs: t.Programs, NoShort: t.NoShort, Shard: t.Shard.I, Shards: t.Shard.N, First: part * partScenarios, Most: partScenarios,
			States: t.States, Findings: t.Findings,
		}
		if t.States > 0 {
			c.States -= cell.Distinct
		}
		c.Findings -= s.Found
		id := fmt.Sprintf("%s %s %d", key.Engine, key.Profile, part)
		err := r.Do(ctx, id, campaign.Memory{Cells: []*rundir.Cell{&cell}, State: &s}, func() error {
			before := r.Found
			err := t.explore(ctx, r, &cell, c)
			s.Found += r.Found - before
			s.More = s.Found < t.Findings && (t.States == 0 || cell.Distinct < t.States) && c.Holds(c.First+c.Most)
			return err
		})
		if err != nil {
			return err
		}
	}
	t.done++
	return r.Add(cell)
}

// position is where the progress stands when this share of the present exploration is
// done.
func (t *Tier) position(share float64) int {
	if t.Lasts > 0 {
		return int(t.lasted().Seconds() / t.Lasts.Seconds() * float64(t.Steps()))
	}
	return t.done*steps + int(share*steps)
}

func (t *Tier) key(engine string, p explore.Profile) rundir.Key {
	return rundir.Key{Engine: engine, FileSystem: sim.FileSystem, Profile: string(p), Bug: t.Bug}
}

// explore explores a part of a cell, which c describes but for the engine and profile,
// and adds it to the cell.
func (t *Tier) explore(ctx context.Context, r *campaign.Run, cell *rundir.Cell, c sim.Campaign) (err error) {
	info, err := engines.Lookup(cell.Engine)
	if err != nil {
		return err
	}
	if c.Open, err = opener(cell.Engine, cell.Bug); err != nil {
		return err
	}
	start, before := time.Now(), cell.Distinct
	c.Profile, c.Seed, c.Depth, c.NoFaults = explore.Profile(cell.Profile), t.Seed, t.Depth, info.ExitsOnError
	c.Levels, c.RangeDeletes = engineset.TxnLevels(cell.Engine, t.Levels), engineset.TakesRangeDeletes(cell.Engine)
	var findErr error
	c.OnResult = func(_ sim.Scenario, got sim.Result, total explore.Counts) {
		if got.Finding != nil {
			got.Finding.Key = cell.Key
			findErr = errors.Join(findErr, r.Report(*got.Finding))
		}
		distinct := before + total.Distinct
		share := float64(distinct) / float64(max(t.States, distinct+1))
		rate := float64(total.Distinct) / time.Since(start).Seconds()
		r.At(t.position(share), fmt.Sprintf("%s %s: %d states, %.0f/s", cell.Engine, cell.Profile, distinct, rate))
	}
	counts, err := c.Run(ctx)
	cell.Add(&counts)
	cell.Seconds += time.Since(start).Seconds()
	return errors.Join(err, findErr)
}

// opener opens the engine, with a planted bug if one is named, on a simulated disk.
func opener(engine, bug string) (sim.OpenFunc, error) {
	info, err := engines.Lookup(engine)
	if err != nil {
		return nil, err
	}
	if !info.AnyFS {
		return nil, fmt.Errorf("engine %s reaches its files without our file system, so it has no simulation: use `lsmlab crash disk`", engine)
	}
	wrap := func(fs vfs.FS) vfs.FS { return fs }
	if bug != "" {
		b, err := bugs.Lookup(bug)
		if err != nil {
			return nil, err
		}
		wrap = b.Wrap
	}
	return func(fs vfs.FS, d kv.Durability) (kv.Engine, error) {
		return info.Open(sim.Dir, engines.Options{FS: wrap(fs), Small: true, Durability: d})
	}, nil
}

// Replay implements [campaign.Replayer]: it explores the scenario of a finding again.
func (t *Tier) Replay(ctx context.Context, f *rundir.Finding) (*rundir.Finding, explore.Counts, error) {
	open, err := opener(f.Engine, f.Bug)
	if err != nil {
		return nil, explore.Counts{}, err
	}
	return sim.Replay(ctx, open, f)
}

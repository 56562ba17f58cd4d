// Package simtier runs campaigns of tier 1: engines on a simulated disk.
package simtier

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/explore"
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

	done  int // cells
	start time.Time
}

// Name implements [campaign.Tier].
func (t *Tier) Name() string { return sim.Tier }

// Steps implements [campaign.Tier].
func (t *Tier) Steps() int { return len(t.Engines) * len(t.Profiles) * steps }

// Versions implements [campaign.Tier].
func (t *Tier) Versions() map[string]string { return nil }

// Explore implements [campaign.Tier].
func (t *Tier) Explore(ctx context.Context, r *campaign.Run) error {
	// Disks and stores live for microseconds: collect less often, unless what lives
	// of a large scenario would make that nine times as much of a lot.
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(512 << 20))
	// The heap profile keeps every call stack that ever allocated. Recoveries within
	// recoveries make new ones without end, until the profile alone is over the memory
	// limit and the collector runs all the time.
	defer func(rate int) { runtime.MemProfileRate = rate }(runtime.MemProfileRate)
	runtime.MemProfileRate = 0
	t.start = time.Now()
	if t.Lasts > 0 {
		return t.soak(ctx, r)
	}
	for _, engine := range t.Engines {
		for _, p := range t.Profiles {
			if ctx.Err() != nil {
				return nil
			}
			cell, err := t.explore(ctx, r, t.key(engine, p))
			if err != nil {
				return err
			}
			if err := r.Add(cell); err != nil {
				return err
			}
		}
	}
	return nil
}

// position is where the progress stands when this share of the present exploration is
// done.
func (t *Tier) position(share float64) int {
	if t.Lasts > 0 {
		return int(time.Since(t.start).Seconds() / t.Lasts.Seconds() * float64(t.Steps()))
	}
	return t.done*steps + int(share*steps)
}

func (t *Tier) key(engine string, p explore.Profile) rundir.Key {
	return rundir.Key{Engine: engine, FileSystem: sim.FileSystem, Profile: string(p), Bug: t.Bug}
}

// explore explores one engine under one profile with the present seed.
func (t *Tier) explore(ctx context.Context, r *campaign.Run, key rundir.Key) (cell rundir.Cell, err error) {
	info, err := engines.Lookup(key.Engine)
	if err != nil {
		return cell, err
	}
	open, err := opener(key.Engine, key.Bug)
	if err != nil {
		return cell, err
	}
	start := time.Now()
	c := sim.Campaign{
		Open: open, Profile: explore.Profile(key.Profile), Seed: t.Seed, Depth: t.Depth, States: t.States,
		Programs: t.Programs, NoShort: t.NoShort, NoFaults: info.ExitsOnError, Shard: t.Shard.I, Shards: t.Shard.N, Findings: t.Findings,
	}
	var findErr error
	c.OnResult = func(_ sim.Scenario, got sim.Result, total explore.Counts) {
		if got.Finding != nil {
			got.Finding.Key = key
			findErr = errors.Join(findErr, r.Report(*got.Finding))
		}
		share := float64(total.Distinct) / float64(max(t.States, total.Distinct+1))
		rate := float64(total.Distinct) / time.Since(start).Seconds()
		r.At(t.position(share), fmt.Sprintf("%s %s: %d states, %.0f/s", key.Engine, key.Profile, total.Distinct, rate))
	}
	counts, err := c.Run(ctx)
	t.done++
	if err = errors.Join(err, findErr); err != nil {
		return cell, err
	}
	return rundir.Cell{Key: key, Counts: counts, Seconds: time.Since(start).Seconds()}, nil
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

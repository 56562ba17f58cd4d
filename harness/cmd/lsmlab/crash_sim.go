package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
	"lsmlab/harness"
	"lsmlab/harness/display"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/sim"
)

type simFlags struct {
	crashFlags
	programs int
	noShort  bool
	lasts    time.Duration
}

func (a *app) crashSimCommand() *cobra.Command {
	var f simFlags
	c := &cobra.Command{
		Use:   "sim",
		Short: "Tier 1: a simulated disk in memory, thousands of crash states a second",
		Long: `Runs programs on a store that lives on a disk in memory, cuts the power before every operation that
changes something, and judges the states that this may leave: of short programs and generated ones by
turns, until there are enough. Recoveries are crashed as well, to --depth.

Each engine is explored under each profile. --states is per engine and profile.

With --for it explores for so long, in chunks of --states (default 10000) of generated programs: each
chunk has a seed of its own, so that an hour sees many programs. It ends with what all have covered.

Exit status: 0 sound; 1 a finding, kept in the run directory with the command that shows it again;
2 wrong use; 130 interrupted without a finding, what was explored is on disk.`,
		Example: `  lsmlab crash sim --engines lsm-bptree --states 100000
  lsmlab crash sim --engines lsm-skiplist,pebble --profile posix-strict --seed 7 --out results/crash
  lsmlab crash sim --shard 0/4 --programs 400 --seed 7 --out results/shard0
  lsmlab crash sim --for 8h --findings 5
  lsmlab crash sim --bug wal-sync-skipped`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.crashSim(c, &f) },
	}
	f.register(c, []string{"@own"}, 50_000)
	fs := c.Flags()
	fs.IntVar(&f.programs, "programs", 0, "generated programs; 0: as many as --states takes. With it shards add up to the counts of one run")
	fs.BoolVar(&f.noShort, "no-short", false, "leave out the short programs")
	fs.DurationVar(&f.lasts, "for", 0, "explore for so long, in chunks of --states with a seed each: 1h")
	c.MarkFlagsMutuallyExclusive("for", "programs")
	c.MarkFlagsMutuallyExclusive("for", "shard")
	return c
}

// crashSim explores all cells.
func (a *app) crashSim(c *cobra.Command, f *simFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	switch given := c.Flags().Changed("states"); {
	case f.lasts < 0:
		return &harness.UsageError{Text: fmt.Sprintf("--for %s: want a time such as 1h", f.lasts)}
	case f.lasts > 0:
		f.noShort = true // they are the same under every seed
		if !given {
			f.states = soakStates
		}
	case f.programs > 0 && !given:
		f.states = 0
	}
	run, err := f.begin(c, sim.Tier, "crash-sim")
	if err != nil {
		return err
	}
	// Disks and stores live for microseconds: collect less often, unless what lives
	// of a large scenario would make that nine times as much of a lot.
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(128 << 20))
	cells := len(f.engines) * len(f.parsed)
	r := simRun{simFlags: f, crashRun: run, progress: display.New(a.stdout, a.stderr, cells*simSteps), start: time.Now()}
	explore := r.all
	if f.lasts > 0 {
		explore = r.soak
	}
	if err := explore(c.Context()); err != nil {
		return errors.Join(err, run.end(true))
	}
	r.progress.Finish()
	return run.finish(c.Context(), a.stdout)
}

// simSteps is how finely the progress bar moves within a cell.
const simSteps = 1000

type simRun struct {
	*simFlags
	*crashRun
	progress *display.Display
	done     int // cells
	start    time.Time
}

// position is where the progress bar stands when this share of the present
// exploration is done.
func (r *simRun) position(share float64) int {
	if r.lasts > 0 {
		return int(time.Since(r.start).Seconds() / r.lasts.Seconds() * float64(len(r.cells)*simSteps))
	}
	return r.done*simSteps + int(share*simSteps)
}

// all explores every engine under every profile.
func (r *simRun) all(ctx context.Context) error {
	for _, engine := range r.engines {
		for _, p := range r.parsed {
			if ctx.Err() != nil {
				return nil
			}
			cell, err := r.explore(ctx, r.key(engine, p))
			if err != nil {
				return err
			}
			if err := r.add(r.progress.Line, cell); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *simRun) key(engine string, p explore.Profile) rundir.Key {
	return rundir.Key{Engine: engine, FileSystem: sim.FileSystem, Profile: string(p), Bug: r.bug}
}

// explore explores one engine under one profile with the present seed.
func (r *simRun) explore(ctx context.Context, key rundir.Key) (cell rundir.Cell, err error) {
	info, err := engines.Lookup(key.Engine)
	if err != nil {
		return cell, err
	}
	open, err := simOpener(key.Engine, key.Bug)
	if err != nil {
		return cell, err
	}
	start := time.Now()
	campaign := sim.Campaign{
		Open: open, Profile: explore.Profile(key.Profile), Seed: r.seed, Depth: r.depth, States: r.states,
		Programs: r.programs, NoShort: r.noShort, NoFaults: info.ExitsOnError, Shard: r.shard.i, Shards: r.shard.n, Findings: r.findings,
	}
	var findErr error
	campaign.OnResult = func(_ sim.Scenario, got sim.Result, total explore.Counts) {
		if got.Finding != nil {
			got.Finding.Key = key
			findErr = errors.Join(findErr, r.report(r.progress.Line, *got.Finding))
		}
		share := float64(total.Distinct) / float64(max(r.states, total.Distinct+1))
		rate := float64(total.Distinct) / time.Since(start).Seconds()
		r.progress.At(r.position(share), fmt.Sprintf("%s %s: %d states, %.0f/s", key.Engine, key.Profile, total.Distinct, rate))
	}
	counts, err := campaign.Run(ctx)
	r.done++
	if err = errors.Join(err, findErr); err != nil {
		return cell, err
	}
	return rundir.Cell{Key: key, Counts: counts, Seconds: time.Since(start).Seconds()}, nil
}

// simOpener opens the engine, with a planted bug if one is named, on a simulated
// disk.
func simOpener(engine, bug string) (sim.OpenFunc, error) {
	info, err := engines.Lookup(engine)
	if err != nil {
		return nil, err
	}
	if !info.AnyFS {
		return nil, &harness.UsageError{Text: fmt.Sprintf("engine %s reaches its files without our file system, so it has no simulation: use `lsmlab crash disk`", engine)}
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

// replaySim explores the scenario of a finding again.
func replaySim(ctx context.Context, f *rundir.Finding) (*rundir.Finding, explore.Counts, error) {
	open, err := simOpener(f.Engine, f.Bug)
	if err != nil {
		return nil, explore.Counts{}, err
	}
	return sim.Replay(ctx, open, f)
}

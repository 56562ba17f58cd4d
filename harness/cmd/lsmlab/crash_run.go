package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/display"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/chain"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
	crashreport "lsmlab/reports/crash"
)

// crashFlags are those that all tiers share.
type crashFlags struct {
	campaign.Options
	profiles []string
	out      string
}

func (f *crashFlags) register(c *cobra.Command, engines []string, states int64) {
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&f.Engines, "engines", engines, "`NAMES` of engines, see lsmlab list engines and list options, or @own, @peers")
	fs.StringSliceVar(&f.profiles, "profile", []string{"drop-all", "ext4-ordered", "posix-strict"}, "`NAMES` of what may be lost, see lsmlab list faults")
	fs.Int64Var(&f.States, "states", states, "distinct crash states to check")
	seedFlag(fs, &f.Seed)
	fs.IntVar(&f.Depth, "depth", 2, "crashes that follow each other: 2 crashes recoveries too")
	fs.Var(&f.Shard, "shard", "part I of N of the work, I from 0: 0/4")
	fs.StringVar(&f.Bug, "bug", "", "`NAME` of a bug to plant, see lsmlab list faults")
	fs.IntVar(&f.Findings, "findings", 1, "stop an engine and profile after so many findings")
	fs.StringVar(&f.out, "out", "", "`DIR` of the run (default results/crash-"+c.Name()+"-TIME)")
}

// seedFlag is the flag of every tier that draws.
func seedFlag(fs *pflag.FlagSet, seed *uint64) {
	fs.Uint64Var(seed, "seed", 0, "of all programs and choices (default: a fresh one, printed with the line that repeats it; of shards 1)")
}

// check refuses values that make no sense.
func (f *crashFlags) check() (err error) {
	if f.Engines, err = crashEngines(f.Engines); err != nil {
		return err
	}
	for _, name := range f.profiles {
		p, err := explore.ParseProfile(name)
		if err != nil {
			return &harness.UsageError{Text: "--profile: " + err.Error()}
		}
		f.Profiles = append(f.Profiles, p)
	}
	if f.Bug != "" {
		if _, err := bugs.Lookup(f.Bug); err != nil {
			return &harness.UsageError{Text: "--bug: " + err.Error()}
		}
	}
	if f.Depth < 1 || f.Depth > 5 || f.States < 1 || f.Findings < 1 {
		return &harness.UsageError{Text: fmt.Sprintf("--depth %d, --states %d, --findings %d: want a depth of 1 to 5, and one state and finding at least", f.Depth, f.States, f.Findings)}
	}
	return nil
}

// weakestFirst sorts the profiles: what a weak one shows needs no stronger one.
func (f *crashFlags) weakestFirst() {
	slices.SortFunc(f.Profiles, func(a, b explore.Profile) int { return len(a.Weaker()) - len(b.Weaker()) })
}

// crashEngines returns the engines of a crash run, groups replaced by their members.
// It refuses those that no power cut can judge.
func crashEngines(names []string) ([]string, error) {
	names, err := newCatalog().Expand(names)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		info, err := engines.Lookup(name)
		switch {
		case err != nil:
			return nil, err
		case info.Drops:
			return nil, &harness.UsageError{Text: fmt.Sprintf("--engines: %s drops acknowledged writes by design, so nothing can be said of what a crash loses; leave the size out", name)}
		case info.Rungs[kv.Synced] == "":
			return nil, &harness.UsageError{Text: fmt.Sprintf("--engines: %s does not give the durability level synced, so no write is promised to outlive a power cut", name)}
		}
	}
	return names, nil
}

// explore lets a tier explore, and says what came of it. The run directory is made
// once all else was found to be in order.
func (a *app) explore(c *cobra.Command, f *crashFlags, t campaign.Tier) error {
	run, err := f.begin(c, t)
	if err != nil {
		return err
	}
	progress := display.New(a.stdout, a.stderr, t.Steps())
	run.Progress, run.Chain = progress, chain.Of
	if err := t.Explore(c.Context(), run); err != nil && c.Context().Err() == nil {
		return errors.Join(err, run.End(true))
	}
	progress.Finish()
	return finish(c.Context(), a.stdout, run)
}

// begin draws a seed if none was given, makes the run directory, and prints the
// line that repeats the run.
func (f *crashFlags) begin(c *cobra.Command, t campaign.Tier) (*campaign.Run, error) {
	if !c.Flags().Changed("seed") {
		seed := explore.FreshSeed()
		if f.Shard.N > 1 {
			seed = 1 // that all shards agree on
			fmt.Fprintf(c.OutOrStdout(), "shards of one run share a seed, 1 by default: for new states give each of them the same --seed, such as %d\n", explore.FreshSeed())
		}
		if err := c.Flags().Set("seed", strconv.FormatUint(seed, 10)); err != nil {
			return nil, err
		}
	}
	if f.out == "" {
		f.out = filepath.Join("results", "crash-"+t.Name()+"-"+time.Now().Format("20060102-150405"))
	}
	info := rundir.Run{
		Tier: t.Name(), Seed: f.Seed, Shard: f.Shard.String(), Started: time.Now(),
		Command: commandLine(c.CommandPath(), c.Flags()), Versions: versions(f.Engines),
	}
	maps.Copy(info.Versions, t.Versions())
	r, err := campaign.Begin(f.out, info)
	if err != nil {
		return nil, &harness.UsageError{Text: "--out: " + err.Error()}
	}
	fmt.Fprintf(c.OutOrStdout(), "seed %d, again by: %s\n", f.Seed, info.Command)
	return r, nil
}

func versions(names []string) map[string]string {
	v := map[string]string{"go": runtime.Version()}
	if build, ok := debug.ReadBuildInfo(); ok {
		v["lsmlab"] = build.Main.Version
	}
	for _, name := range names {
		if info, err := engines.Lookup(name); err == nil && info.Module != "" {
			v[name] = info.Version
		}
	}
	return v
}

// errNothing is how a run ends that has no verdict.
var errNothing error = &harness.UsageError{Text: "no state was explored, so nothing was tested"}

// finish ends the run, prints what was covered and says what came of it.
func finish(ctx context.Context, out io.Writer, r *campaign.Run) error {
	stopped := ctx.Err() != nil
	if err := r.End(stopped); err != nil {
		return err
	}
	r.Summary(out)
	index, err := crashreport.Render(r.Dir.Path())
	if err != nil {
		return err
	}
	fmt.Fprintln(out, index)
	total := r.Total()
	switch {
	case r.Found > 0:
		return fmt.Errorf("%w: %d, kept in %s", harness.ErrFinding, r.Found, r.Dir.Path())
	case stopped:
		return harness.ErrInterrupted
	case r.Failed > 0:
		return &harness.UsageError{Text: fmt.Sprintf("crash %s: %d cells could not be run, see above", r.Info.Tier, r.Failed)}
	case total.Distinct == 0 && r.Info.Shard == "":
		return errNothing
	}
	return nil
}

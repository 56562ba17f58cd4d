package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lsmlab/harness"
	"lsmlab/harness/display"
	"lsmlab/harness/human"
	"lsmlab/harness/inventory"
	"lsmlab/harness/journal"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/chain"
	"lsmlab/powerfail/campaign/engineset"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
	crashreport "lsmlab/reports/crash"
)

// crashFlags are those that all tiers share.
type crashFlags struct {
	campaign.Options
	profiles []string
	out      string
	resume   bool
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
	f.outFlags(c)
}

// outFlags are the flags that say where the run is kept.
func (f *crashFlags) outFlags(c *cobra.Command) {
	c.Flags().StringVar(&f.out, "out", "", "`DIR` of the run (default results/crash-"+c.Name()+"-TIME)")
	c.Flags().BoolVar(&f.resume, "resume", false, "go on with the run in --out, if there is one: give the same flags")
}

// seedFlag is the flag of every tier that draws.
func seedFlag(fs *pflag.FlagSet, seed *uint64) {
	fs.Uint64Var(seed, "seed", 0, "of all programs and choices (default: a fresh one, printed with the line that repeats it; of shards 1)")
}

// check refuses values that make no sense.
func (f *crashFlags) check() error {
	if err := f.checkEngines(); err != nil {
		return err
	}
	for _, name := range f.profiles {
		p, err := explore.ParseProfile(name)
		if err != nil {
			return &harness.UsageError{Text: "--profile: " + err.Error()}
		}
		if !slices.Contains(f.Profiles, p) {
			f.Profiles = append(f.Profiles, p)
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

// checkEngines replaces groups of engines by their members, and refuses engines that no
// power cut can judge and bugs that there are not.
func (f *crashFlags) checkEngines() (err error) {
	if f.Engines, err = inventory.Catalog().Expand(f.Engines); err != nil {
		return err
	}
	if f.Engines, err = engineset.Judged(f.Engines); err != nil {
		return &harness.UsageError{Text: "--engines: " + err.Error()}
	}
	if f.Bug == "" {
		return nil
	}
	if _, err := bugs.Lookup(f.Bug); err != nil {
		return &harness.UsageError{Text: "--bug: " + err.Error()}
	}
	return nil
}

// explore lets a tier explore, and says what came of it. The run directory is made
// once all else was found to be in order.
func (a *app) explore(c *cobra.Command, f *crashFlags, t campaign.Tier) (err error) {
	run, err := f.begin(c, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	progress := display.New(a.stdout, a.stderr, t.Steps())
	run.Progress, run.Chain = progress, chain.Of
	for _, note := range run.Notes {
		fmt.Fprintf(a.stderr, "warning: %s\n", note)
	}
	if n := run.Done(); n > 0 {
		run.Line("%d parts of it are there already", n)
	}
	if err := t.Explore(c.Context(), run); err != nil && c.Context().Err() == nil {
		return errors.Join(err, run.End(true))
	}
	progress.Finish()
	err = finish(c.Context(), a.stdout, run)
	if c.Context().Err() != nil {
		fmt.Fprintf(a.stderr, "interrupted: go on with: %s\n", journal.ResumeCommand(run.Info.Command+" --out "+human.ShellWord(run.Dir.Path())))
	}
	return err
}

// begin draws a seed if none was given, makes the run directory, and prints the
// line that repeats the run.
func (f *crashFlags) begin(c *cobra.Command, t campaign.Tier) (*campaign.Run, error) {
	if f.resume && f.out == "" {
		return nil, &harness.UsageError{Text: "--resume: say which run with --out DIR"}
	}
	if err := f.drawSeed(c); err != nil {
		return nil, err
	}
	if f.out == "" {
		f.out = filepath.Join("results", "crash-"+t.Name()+"-"+time.Now().Format("20060102-150405"))
	}
	info := rundir.Run{
		Tier: t.Name(), Seed: f.Seed, Shard: f.Shard.String(), Started: time.Now(),
		Command: commandLine(c.CommandPath(), c.Flags()), Versions: engineset.Versions(f.Engines),
	}
	maps.Copy(info.Versions, t.Versions())
	r, err := campaign.Begin(f.out, info, f.plan(c, t), f.resume)
	if err != nil {
		return nil, &harness.UsageError{Text: err.Error()}
	}
	fmt.Fprintf(c.OutOrStdout(), "seed %d, again by: %s\n", f.Seed, r.Info.Command)
	return r, nil
}

// drawSeed takes the seed of the run that goes on, or a fresh one, if none was given.
func (f *crashFlags) drawSeed(c *cobra.Command) error {
	if c.Flags().Changed("seed") {
		return nil
	}
	seed, known := explore.FreshSeed(), false
	if f.resume {
		var err error
		if seed, known, err = rundir.SeedOf(f.out); err != nil {
			return err
		}
	}
	if !known && f.Shard.N > 1 {
		fmt.Fprintf(c.OutOrStdout(), "shards of one run share a seed, 1 by default: for new states give each of them the same --seed, such as %d\n", seed)
		seed = 1 // that all shards agree on
	}
	return c.Flags().Set("seed", strconv.FormatUint(seed, 10))
}

// plan is what the run is asked for.
func (f *crashFlags) plan(c *cobra.Command, t campaign.Tier) rundir.Plan {
	p := rundir.Plan{Tier: t.Name(), Seed: f.Seed, Flags: map[string]string{}}
	c.Flags().VisitAll(func(flag *pflag.Flag) {
		switch flag.Name {
		case "seed", "help", "out", "resume", "workers", "init", "cold": // the same work, done elsewhere or otherwise
		case "engines":
			p.Flags[flag.Name] = strings.Join(f.Engines, ",")
		default:
			p.Flags[flag.Name] = flag.Value.String()
		}
	})
	return p
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

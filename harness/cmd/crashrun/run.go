// Package crashrun is a crash run as a command does it: it checks what the flags ask for,
// draws the seed, keeps the run directory, shows how far the run is and says what came of
// it. What is explored is a [campaign.Tier]. It is to crash runs what [harness.Runner] is
// to races.
package crashrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"time"

	"lsmlab/harness"
	"lsmlab/harness/display"
	"lsmlab/harness/human"
	"lsmlab/harness/journal"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/chain"
	"lsmlab/powerfail/campaign/engineset"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
	"lsmlab/reports/crash"
)

// Runner runs a campaign.
type Runner struct {
	Tier    campaign.Tier
	Options *campaign.Options // of the tier
	Dir     string            // the run directory; "": a new one below results
	Resume  bool              // Dir may hold a part of the same run
	// SeedGiven says that the seed of the options is what the person asked for. Without
	// it the seed is that of the run that goes on, or a fresh one.
	SeedGiven bool
	// Flags are the values of all flags that shape the work, by name: a run that goes on
	// must have the same.
	Flags map[string]string
	// Again returns the line that repeats the run with the seed of the options.
	Again          func() string
	Stdout, Stderr io.Writer
}

// Run explores, draws the page, and says what came of it: its error is
// [harness.ErrFinding], [harness.ErrInterrupted] if ctx ended without a finding, or what
// is wrong with the request or the environment. The run directory is made once all else
// was found to be in order.
func (r *Runner) Run(ctx context.Context) (err error) {
	run, err := r.begin()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	progress := display.New(r.Stdout, r.Stderr, r.Tier.Steps())
	run.Progress, run.Chain = progress, chain.Of
	for _, note := range run.Notes {
		fmt.Fprintf(r.Stderr, "warning: %s\n", note)
	}
	if n := run.Done(); n > 0 {
		run.Line("%d parts of it are there already", n)
	}
	if err := r.Tier.Explore(ctx, run); err != nil && ctx.Err() == nil {
		return errors.Join(err, run.End(true))
	}
	progress.Finish()
	stopped := ctx.Err() != nil
	err = finish(r.Stdout, run, stopped)
	if stopped {
		fmt.Fprintf(r.Stderr, "interrupted: go on with: %s\n", journal.ResumeCommand(run.Info.Command+" --out "+human.ShellWord(r.Dir)))
	}
	return err
}

// begin makes the run directory, and prints the line that repeats the run.
func (r *Runner) begin() (*campaign.Run, error) {
	if r.Resume && r.Dir == "" {
		return nil, &harness.UsageError{Text: "--resume: say which run with --out DIR"}
	}
	if !r.SeedGiven {
		if err := r.drawSeed(); err != nil {
			return nil, err
		}
	}
	if r.Dir == "" {
		r.Dir = filepath.Join("results", "crash-"+r.Tier.Name()+"-"+time.Now().Format("20060102-150405"))
	}
	o := r.Options
	info := rundir.Run{
		Tier: r.Tier.Name(), Seed: o.Seed, Shard: o.Shard.String(), Started: time.Now(), Command: r.Again(), Versions: engineset.Versions(o.Engines),
	}
	maps.Copy(info.Versions, r.Tier.Versions())
	run, err := campaign.Begin(r.Dir, info, rundir.Plan{Tier: info.Tier, Seed: o.Seed, Flags: r.Flags}, r.Resume)
	if err != nil {
		return nil, &harness.UsageError{Text: err.Error(), Err: err}
	}
	fmt.Fprintf(r.Stdout, "seed %d, again by: %s\n", o.Seed, run.Info.Command)
	return run, nil
}

// drawSeed takes the seed of the run that goes on, or a fresh one.
func (r *Runner) drawSeed() error {
	if r.Resume {
		seed, known, err := rundir.SeedOf(r.Dir)
		if err != nil || known {
			r.Options.Seed = seed
			return err
		}
	}
	r.Options.Seed = explore.FreshSeed()
	if r.Options.Shard.N > 1 {
		fmt.Fprintf(r.Stdout, "shards of one run share a seed, 1 by default: for new states give each of them the same --seed, such as %d\n", r.Options.Seed)
		r.Options.Seed = 1 // that all shards agree on
	}
	return nil
}

// errNothing is how a run ends that has no verdict.
var errNothing error = &harness.UsageError{Text: "no state was explored, so nothing was tested"}

// finish ends the run, prints what was covered and says what came of it.
func finish(out io.Writer, r *campaign.Run, stopped bool) error {
	if err := r.End(stopped); err != nil {
		return err
	}
	r.Summary(out)
	index, err := crash.Render(r.Dir.Path())
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

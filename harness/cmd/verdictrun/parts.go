package verdictrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"runtime"
	"strings"

	"lsmlab/engines"
	"lsmlab/harness"
	"lsmlab/harness/cmd/crashrun"
	"lsmlab/harness/cmd/isolationrun"
	"lsmlab/harness/cmd/outdir"
	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/harness/verdict"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/engineset"
	"lsmlab/powerfail/campaign/filestier"
	"lsmlab/powerfail/campaign/simtier"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/files"
)

// part is a run with what makes it.
type part struct {
	verdict.Part
	run func(ctx context.Context) error
}

// errUnsupported says that an engine or this machine has no such run.
var errUnsupported = errors.New("not supported")

// parts returns all runs in their order: cheap and decisive ones first.
func (r *Request) parts() (parts []part, err error) {
	for _, race := range r.size.races {
		p, err := r.race(race)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	for _, engine := range r.Engines {
		parts = append(parts, r.crash(engine))
	}
	return append(parts, r.isolation()), nil
}

// race returns a race of the engines.
func (r *Request) race(which raceSize) (part, error) {
	plan, err := harness.LoadPlan(which.plan)
	if err != nil {
		return part{}, err
	}
	plan.Engines, plan.Targets = r.Engines, nil
	which.change(&plan)
	if err := harness.CheckPlan(r.Catalog, &plan); err != nil {
		return part{}, &harness.UsageError{Text: fmt.Sprintf("%s: %v", which.dir, err), Err: err}
	}
	p := part{Part: verdict.Part{Kind: verdict.Race, Dir: which.dir}}
	p.run = func(ctx context.Context) error {
		out := outdir.Flags{Dir: p.Path(r.Out.Dir)}
		runner := harness.Runner{
			Catalog: r.Catalog, Plan: plan, Dir: out.Dir, DataDir: r.DataDir, Resume: true, Command: r.command,
			Stdout: r.Stdout, Stderr: r.Stderr, Again: r.repeats(),
		}
		return out.Draw(r.Stdout, runner.Run(ctx))
	}
	return p, nil
}

// repeats is the line that makes the whole verdict again.
func (r *Request) repeats() string { return r.Again + " --out " + human.ShellWord(r.Out.Dir) }

// crash returns the crash test of an engine: on a simulated disk where the engine can use one,
// else on recorded files.
func (r *Request) crash(engine string) part {
	p := part{Part: verdict.Part{Kind: verdict.Crash, Dir: path.Join("crash", result.FileSafe(engine)), Engine: engine}}
	p.run = func(ctx context.Context) error {
		o := &campaign.Options{
			Engines: []string{engine}, Profiles: []explore.Profile{explore.DropAll, explore.Ext4Ordered, explore.PosixStrict},
			Depth: 2, Findings: 1,
		}
		tier, err := r.tier(engine, o)
		if err != nil {
			return fmt.Errorf("%w: %w", errUnsupported, err)
		}
		runner := crashrun.Runner{
			Tier: tier, Options: o, Dir: p.Path(r.Out.Dir), Resume: true,
			Flags:  map[string]string{"states": fmt.Sprint(o.States)},
			Again:  func() string { return again(tier, o) },
			Stdout: r.Stdout, Stderr: r.Stderr,
		}
		return runner.Run(ctx)
	}
	return p
}

// tier returns what crashes an engine, and sets how many states it makes.
func (r *Request) tier(engine string, o *campaign.Options) (campaign.Tier, error) {
	if _, err := engineset.Judged(o.Engines); err != nil {
		return nil, err
	}
	info, err := engines.Lookup(engine)
	if err != nil {
		return nil, err
	}
	if info.AnyFS {
		o.States = r.size.simStates
		return &simtier.Tier{Options: o}, nil
	}
	o.States = r.size.fileStates
	return &filestier.Tier{Options: o, Recordings: 2, Workers: runtime.GOMAXPROCS(0)}, files.Require()
}

// again is the line that makes a crash test again, alone.
func again(tier campaign.Tier, o *campaign.Options) string {
	var profiles []string
	for _, p := range o.Profiles {
		profiles = append(profiles, string(p))
	}
	return fmt.Sprintf("lsmlab crash %s --engines=%s --profile=%s --states=%d --seed=%d", tier.Name(), o.Engines[0], strings.Join(profiles, ","), o.States, o.Seed)
}

// isolation returns the probe of all engines. It has no journal: what a cut one left is
// removed.
func (r *Request) isolation() part {
	p := part{Part: verdict.Part{Kind: verdict.Isolation, Dir: "isolation"}}
	p.run = func(ctx context.Context) error {
		dir := p.Path(r.Out.Dir)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		seed := explore.FreshSeed()
		probe := isolationrun.Request{
			Engines: r.Engines, Durability: "buffered", Seed: seed, Scripts: r.size.scripts, Keep: 3, Out: dir,
			Again:  fmt.Sprintf("lsmlab isolation --engines=%s --scripts=%d --seed=%d", strings.Join(r.Engines, ","), r.size.scripts, seed),
			Stdout: r.Stdout, Stderr: r.Stderr,
		}
		return probe.Run(ctx)
	}
	return p
}

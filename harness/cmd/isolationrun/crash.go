package isolationrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/cmd/crashrun"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/disktier"
	"lsmlab/powerfail/campaign/engineset"
	"lsmlab/powerfail/campaign/simtier"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/isolation/isorun"
	"lsmlab/powerfail/sim"
)

// statesOf is how many crash states of an engine and level there are unless --states says
// so, by tier.
var statesOf = map[string]int64{sim.Tier: 10_000, disk.Tier: 300}

// Crash is which power cuts there are beside the probes.
type Crash struct {
	Tier   string // sim or disk; "": none
	States int64  // of each engine and level; 0: as many as the tier has by default
	Bug    string // planted in the stores; "": none
}

// check refuses values that make no sense, and a machine on which it can't be done.
func (c *Crash) check() error {
	if c.Tier == "" {
		if c.States != 0 || c.Bug != "" {
			return usage("--states and --bug are for power cuts: give --crash sim or --crash disk with them")
		}
		return nil
	}
	if _, known := statesOf[c.Tier]; !known {
		return usage("--crash %q: want sim or disk", c.Tier)
	}
	if c.States < 0 {
		return usage("--states %d: want one at least", c.States)
	}
	if c.Bug != "" {
		if _, err := bugs.Lookup(c.Bug); err != nil {
			return usage("--bug: %v", err)
		}
	}
	_, err := c.tier(&campaign.Options{})
	return err
}

// tier returns what explores crash states.
func (c *Crash) tier(o *campaign.Options) (campaign.Tier, error) {
	if c.Tier == sim.Tier {
		return &simtier.Tier{Options: o, NoShort: true}, nil // the short programs have no transactions
	}
	t := &disktier.Tier{Options: o, Size: disktier.DefaultSize, Workers: runtime.GOMAXPROCS(0)}
	if err := t.Prepare([]string{"ext4"}); err != nil {
		return nil, err
	}
	return t, nil
}

// crashes cuts the power of engines while transactions of each level run, and judges every
// state that this may leave. What comes of it is in the directory of the run.
func (r *Request) crashes(ctx context.Context, c *isorun.Campaign) error {
	for _, level := range c.Levels {
		names := crashable(c.Engines, level, r.Crash.Tier)
		if len(names) == 0 {
			continue
		}
		states := r.Crash.States
		if states == 0 {
			states = statesOf[r.Crash.Tier]
		}
		o := &campaign.Options{
			Engines: names, Profiles: []explore.Profile{explore.PosixStrict}, States: states, Seed: r.Seed, Depth: 2,
			Findings: r.Keep, Levels: []kv.Isolation{level}, Bug: r.Crash.Bug,
		}
		tier, err := r.Crash.tier(o)
		if err != nil {
			return err
		}
		runner := crashrun.Runner{
			Tier: tier, Options: o, Dir: isorun.CrashPath(r.Out, level), SeedGiven: true, Flags: map[string]string{"level": level.String()},
			Again: func() string { return r.Again }, Stdout: io.Discard, Stderr: r.Stderr,
		}
		if err := runner.Run(ctx); err != nil && !errors.Is(err, harness.ErrFinding) {
			return err
		}
	}
	return nil
}

// crashable returns the engines of which a tier can judge the transactions of a level: our
// own, as the sessions of a program are steps of one goroutine.
func crashable(names []string, level kv.Isolation, tier string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		info, err := engines.Lookup(name)
		_, unjudged := engineset.Judged([]string{name})
		return err != nil || unjudged != nil || tier == sim.Tier && !info.AnyFS ||
			len(engineset.TxnLevels(name, []kv.Isolation{level})) == 0
	})
}

// crashTable prints what the crashes of a run left, and notes what broke.
func (o *outcome) crashTable(w io.Writer, dir string) error {
	all, err := isorun.ReadCrashes(dir)
	if err != nil || len(all) == 0 {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "\nengine\tlevel\tpower cut\tprofile\tstates\tverdict\n")
	for i := range all {
		c := &all[i]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", c.Engine, c.Level, c.Tier, c.Profile, c.Distinct, c.Text())
		for _, f := range c.Findings {
			o.lines = append(o.lines, fmt.Sprintf("%s: %s: again by %s", isorun.Verdict(f.Rule), f.Detail, f.Command))
		}
		if len(c.Violations) > 0 {
			o.less = append(o.less, fmt.Sprintf("%s at %s, crashed", c.Engine, c.Level))
		}
	}
	return table.Flush()
}

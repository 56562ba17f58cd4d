package crashrun

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lsmlab/harness"
	"lsmlab/harness/cmd/cmdline"
	"lsmlab/harness/cmd/inventory"
	"lsmlab/harness/cmd/seedflag"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/engineset"
)

// Flags are those that the commands of all tiers share.
type Flags struct {
	campaign.Options
	profiles []string
	out      string
	resume   bool
}

// Add adds the flags to a command, whose defaults are the engines and states given.
func (f *Flags) Add(c *cobra.Command, engines []string, states int64) {
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&f.Engines, "engines", engines, "`NAMES` of engines, see lsmlab list engines and list options, or @own, @peers")
	fs.StringSliceVar(&f.profiles, "profile", []string{"drop-all", "ext4-ordered", "posix-strict"}, "`NAMES` of what may be lost, see lsmlab list faults")
	fs.Int64Var(&f.States, "states", states, "distinct crash states to check")
	seedflag.Add(fs, &f.Seed)
	fs.IntVar(&f.Depth, "depth", 2, "crashes that follow each other: 2 crashes recoveries too")
	fs.Var(&f.Shard, "shard", "part I of N of the work, I from 0: 0/4")
	fs.StringVar(&f.Bug, "bug", "", "`NAME` of a bug to plant, see lsmlab list faults")
	fs.IntVar(&f.Findings, "findings", 1, "stop an engine and profile after so many findings")
	f.AddOut(c)
}

// AddOut adds the flags that say where the run is kept.
func (f *Flags) AddOut(c *cobra.Command) {
	c.Flags().StringVar(&f.out, "out", "", "`DIR` of the run (default results/crash-"+c.Name()+"-TIME)")
	c.Flags().BoolVar(&f.resume, "resume", false, "go on with the run in --out, if there is one: give the same flags")
}

// Check refuses values that make no sense.
func (f *Flags) Check() error {
	if err := f.CheckEngines(); err != nil {
		return err
	}
	if err := f.SetProfiles(f.profiles); err != nil {
		return &harness.UsageError{Text: "--profile: " + err.Error(), Err: err}
	}
	return f.Options.Check()
}

// CheckEngines replaces groups of engines by their members, and refuses engines that no
// power cut can judge and bugs that there are not.
func (f *Flags) CheckEngines() (err error) {
	if f.Engines, err = inventory.Catalog().Expand(f.Engines); err != nil {
		return &harness.UsageError{Text: "--engines: " + err.Error(), Err: err}
	}
	if f.Engines, err = engineset.Judged(f.Engines); err != nil {
		return &harness.UsageError{Text: "--engines: " + err.Error(), Err: err}
	}
	if f.Bug == "" {
		return nil
	}
	if _, err := bugs.Lookup(f.Bug); err != nil {
		return &harness.UsageError{Text: "--bug: " + err.Error(), Err: err}
	}
	return nil
}

// Explore lets a tier explore for a command that has the flags, and says what came of it,
// as [Runner.Run] does.
func (f *Flags) Explore(c *cobra.Command, t campaign.Tier) error {
	r := Runner{
		Tier: t, Options: &f.Options, Dir: f.out, Resume: f.resume, SeedGiven: c.Flags().Changed("seed"), Flags: map[string]string{},
		Again: func() string {
			seedflag.Set(c.Flags(), f.Seed)
			return cmdline.Of(c.CommandPath(), c.Flags())
		},
		Stdout: c.OutOrStdout(), Stderr: c.ErrOrStderr(),
	}
	c.Flags().VisitAll(func(flag *pflag.Flag) {
		switch flag.Name {
		case "seed", "help", "out", "resume", "workers", "init", "cold": // the same work, done elsewhere or otherwise
		case "engines":
			r.Flags[flag.Name] = strings.Join(f.Engines, ",")
		default:
			r.Flags[flag.Name] = flag.Value.String()
		}
	})
	return r.Run(c.Context())
}

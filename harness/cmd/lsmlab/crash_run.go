package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lsmlab/harness"
	"lsmlab/harness/cmd/crashrun"
	"lsmlab/harness/cmd/inventory"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/engineset"
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
	if err := f.SetProfiles(f.profiles); err != nil {
		return &harness.UsageError{Text: "--profile: " + err.Error()}
	}
	return f.Options.Check()
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

// explore lets a tier explore, and says what came of it.
func (a *app) explore(c *cobra.Command, f *crashFlags, t campaign.Tier) error {
	r := crashrun.Runner{
		Tier: t, Options: &f.Options, Dir: f.out, Resume: f.resume, SeedGiven: c.Flags().Changed("seed"), Flags: map[string]string{},
		Again: func() string {
			_ = c.Flags().Set("seed", strconv.FormatUint(f.Seed, 10)) // every crash command has it
			return commandLine(c.CommandPath(), c.Flags())
		},
		Stdout: a.stdout, Stderr: a.stderr,
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

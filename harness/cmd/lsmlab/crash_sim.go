package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/harness/cmd/crashrun"
	"lsmlab/powerfail/campaign/simtier"
)

type simFlags struct {
	crashrun.Flags
	tier simtier.Tier
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
	f.Add(c, []string{"@own"}, 50_000)
	fs := c.Flags()
	fs.IntVar(&f.tier.Programs, "programs", 0, "generated programs; 0: as many as --states takes. With it shards add up to the counts of one run")
	fs.BoolVar(&f.tier.NoShort, "no-short", false, "leave out the short programs")
	fs.DurationVar(&f.tier.Lasts, "for", 0, "explore for so long, in chunks of --states with a seed each: 1h")
	c.MarkFlagsMutuallyExclusive("for", "programs")
	c.MarkFlagsMutuallyExclusive("for", "shard")
	return c
}

// crashSim explores all cells.
func (a *app) crashSim(c *cobra.Command, f *simFlags) error {
	if err := f.Check(); err != nil {
		return err
	}
	switch given := c.Flags().Changed("states"); {
	case f.tier.Programs < 0:
		return &harness.UsageError{Text: fmt.Sprintf("--programs is %d: want 1 or more, or 0 for as many as --states takes", f.tier.Programs)}
	case f.tier.Lasts < 0:
		return &harness.UsageError{Text: fmt.Sprintf("--for %s: want a time such as 1h", f.tier.Lasts)}
	case f.tier.Lasts > 0:
		f.tier.NoShort = true // they are the same under every seed
		if !given {
			f.States = simtier.SoakStates
		}
	case f.tier.Programs > 0 && !given:
		f.States = 0
	}
	f.tier.Options = &f.Options
	return f.Explore(c, &f.tier)
}

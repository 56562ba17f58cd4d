package main

import (
	"github.com/spf13/cobra"

	"lsmlab/harness/cmd/crashrun"
)

func (a *app) crashReplayCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "replay FINDING_DIR",
		Short: "Show a finding again",
		Long: `Explores the scenario of a finding again: its shrunk program under its profile, with its seed.

Exit status: 1 the same rule is broken again; 0 it is not any more; 2 no finding there.`,
		Example: "  lsmlab crash replay results/crash-sim-20260102-030405/findings/001-lost",
		Args:    oneArg("the directory of one finding"),
		RunE:    func(c *cobra.Command, args []string) error { return crashrun.Replay(c.Context(), a.stdout, args[0]) },
	}
}

func (a *app) crashMergeCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:     "merge RUN_DIR...",
		Short:   "Join the run directories of shards",
		Example: "  lsmlab crash merge results/shard0 results/shard1 --out results/all",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(_ *cobra.Command, shards []string) error { return crashrun.Merge(a.stdout, out, shards) },
	}
	c.Flags().StringVar(&out, "out", "", "new run `DIR`")
	_ = c.MarkFlagRequired("out")
	return c
}

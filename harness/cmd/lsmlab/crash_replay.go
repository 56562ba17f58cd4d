package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/disktier"
	"lsmlab/powerfail/campaign/filestier"
	"lsmlab/powerfail/campaign/simtier"
	"lsmlab/powerfail/campaign/vmtier"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/sim"
	crashreport "lsmlab/reports/crash"
)

// replayers show findings again, by tier.
func replayers() map[string]campaign.Replayer {
	return map[string]campaign.Replayer{
		sim.Tier: &simtier.Tier{}, disk.Tier: &disktier.Tier{}, files.Tier: &filestier.Tier{}, vmtier.Name: &vmtier.Tier{},
	}
}

func (a *app) crashReplayCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "replay FINDING_DIR",
		Short: "Show a finding again",
		Long: `Explores the scenario of a finding again: its shrunk program under its profile, with its seed.

Exit status: 1 the same rule is broken again; 0 it is not any more; 2 no finding there.`,
		Example: "  lsmlab crash replay results/crash-sim-20260102-030405/findings/001-lost",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("replay: %d arguments given: want the directory of one finding", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			f, err := rundir.ReadFinding(args[0])
			if err != nil {
				return err
			}
			replayer := replayers()[f.Tier]
			if replayer == nil {
				return &harness.UsageError{Text: fmt.Sprintf("replay: %s is of tier %q, which this build does not know", args[0], f.Tier)}
			}
			fmt.Fprintf(a.stdout, "%s\n", strings.TrimSpace(f.Program))
			found, counts, err := replayer.Replay(c.Context(), &f)
			if err != nil {
				return err
			}
			if found == nil {
				fmt.Fprintf(a.stdout, "not shown any more: %d distinct states are sound as for the rule %q\n", counts.Distinct, f.Rule)
				return nil
			}
			fmt.Fprintln(a.stdout, campaign.FindingText(found))
			return fmt.Errorf("%w: %s: %s, shown again after %d distinct states", harness.ErrFinding, found.Rule, found.Detail, counts.Distinct)
		},
	}
}

func (a *app) crashMergeCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:     "merge RUN_DIR...",
		Short:   "Join the run directories of shards",
		Example: "  lsmlab crash merge results/shard0 results/shard1 --out results/all",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := rundir.Merge(out, args); err != nil {
				return err
			}
			_, cells, findings, err := rundir.Read(out)
			if err != nil {
				return err
			}
			distinct := int64(0)
			for _, cell := range cells {
				distinct += cell.Distinct
				fmt.Fprintln(a.stdout, campaign.CellLine(&cell))
			}
			index, err := crashreport.Render(out)
			if err != nil {
				return err
			}
			fmt.Fprintln(a.stdout, index)
			switch {
			case len(findings) > 0:
				return fmt.Errorf("%w: %d, kept in %s", harness.ErrFinding, len(findings), out)
			case distinct == 0:
				return errNothing
			}
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "new run `DIR`")
	_ = c.MarkFlagRequired("out")
	return c
}

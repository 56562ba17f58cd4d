package crashrun

import (
	"context"
	"fmt"
	"io"
	"strings"

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
	"lsmlab/reports/crash"
)

// replayers show findings again, by tier.
func replayers() map[string]campaign.Replayer {
	return map[string]campaign.Replayer{
		sim.Tier: &simtier.Tier{}, disk.Tier: &disktier.Tier{}, files.Tier: &filestier.Tier{}, vmtier.Name: &vmtier.Tier{},
	}
}

// Replay shows the finding in a directory again. Its error is [harness.ErrFinding] if the
// same rule is broken again.
func Replay(ctx context.Context, out io.Writer, dir string) error {
	f, err := rundir.ReadFinding(dir)
	if err != nil {
		return err
	}
	replayer := replayers()[f.Tier]
	if replayer == nil {
		return &harness.UsageError{Text: fmt.Sprintf("replay: %s is of tier %q, which this build does not know", dir, f.Tier)}
	}
	fmt.Fprintf(out, "%s\n", strings.TrimSpace(f.Program))
	found, counts, err := replayer.Replay(ctx, &f)
	if err != nil {
		return err
	}
	if found == nil {
		fmt.Fprintf(out, "not shown any more: %d distinct states are sound as for the rule %q\n", counts.Distinct, f.Rule)
		return nil
	}
	fmt.Fprintln(out, campaign.FindingText(found))
	return fmt.Errorf("%w: %s: %s, shown again after %d distinct states", harness.ErrFinding, found.Rule, found.Detail, counts.Distinct)
}

// Merge joins the run directories of shards into a new one, draws its page, and says what
// came of all, as [Runner.Run] does of one.
func Merge(out io.Writer, dir string, shards []string) error {
	if err := rundir.Merge(dir, shards); err != nil {
		return err
	}
	_, cells, findings, err := rundir.Read(dir)
	if err != nil {
		return err
	}
	distinct := int64(0)
	for _, cell := range cells {
		distinct += cell.Distinct
		fmt.Fprintln(out, campaign.CellLine(&cell))
	}
	index, err := crash.Render(dir)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, index)
	switch {
	case len(findings) > 0:
		return fmt.Errorf("%w: %d, kept in %s", harness.ErrFinding, len(findings), dir)
	case distinct == 0:
		return errNothing
	}
	return nil
}

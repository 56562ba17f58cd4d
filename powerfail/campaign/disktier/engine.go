package disktier

import (
	"context"
	"os"
	"slices"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/engineset"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
)

// each records one program of an engine after the other, and explores it under each
// profile, until there are enough states.
func (t *Tier) each(ctx context.Context, engine string, kind disk.FileSystem, s *state) error {
	for i := 0; t.more(i, s); i++ {
		if !t.Shard.Takes(i) {
			continue
		}
		p := program.Generate(t.Seed+uint64(i), program.Shape{
			Durability: kv.Synced, Levels: engineset.TxnLevels(engine, t.Levels), RangeDeletes: engineset.TakesRangeDeletes(engine),
		})
		rec, err := t.recorded(ctx, s, func(dir string) (*disk.Recording, error) {
			rec, err := t.recordEngine(ctx, engine, kind, p, dir)
			if broken := program.Broken(err); broken != nil {
				return nil, t.unisolated(s, broken, p, dir)
			}
			return rec, err
		})
		if err != nil {
			return err
		}
		if rec == nil {
			continue
		}
		if err := t.explore(ctx, []*disk.Recording{rec}, s, statesPerProgram, campaign.Shard{}); err != nil {
			return err
		}
	}
	return nil
}

// unisolated reports that transactions of a program were not isolated. Such a program
// leaves no recording.
func (t *Tier) unisolated(s *state, broken *oracle.Violation, p *program.Program, dir string) error {
	cell := s.cells[0]
	explore.Count(&cell.Violations, string(broken.Rule), 1)
	if err := os.RemoveAll(dir); err != nil || s.knows(broken) {
		return err
	}
	s.keep(broken)
	return t.run.Report(campaign.Unisolated(disk.Tier, cell.Key, p.String(), broken))
}

// more says whether the campaign goes on with program i.
func (t *Tier) more(i int, s *state) bool {
	if t.Programs > 0 {
		return i < t.Programs
	}
	if t.full(s) {
		return false
	}
	return slices.ContainsFunc(s.cells, func(c *rundir.Cell) bool { return c.Distinct+c.Refused < t.States })
}

package disktier

import (
	"context"
	"slices"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/engineset"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
)

// each records one program of an engine after the other, each explored under each
// profile, until there are enough states.
func (t *Tier) each(ctx context.Context, engine string, kind disk.FileSystem, s *state) error {
	for i := 0; t.more(i, s); i++ {
		if !t.Shard.Takes(i) {
			continue
		}
		p := program.Generate(t.Seed+uint64(i), program.Shape{Durability: kv.Synced, Levels: engineset.TxnLevels(engine), RangeDeletes: engineset.TakesRangeDeletes(engine)})
		rec, err := t.recorded(ctx, s, func(dir string) (*disk.Recording, error) { return t.recordEngine(ctx, engine, kind, p, dir) })
		if err != nil {
			return err
		}
		if err := t.explore(ctx, []*disk.Recording{rec}, s, statesPerProgram, campaign.Shard{}); err != nil {
			return err
		}
	}
	return nil
}

// more says whether program i is wanted.
func (t *Tier) more(i int, s *state) bool {
	if t.Programs > 0 {
		return i < t.Programs
	}
	if t.full(s) {
		return false
	}
	return slices.ContainsFunc(s.cells, func(c *rundir.Cell) bool { return c.Distinct+c.Refused < t.States })
}

package filestier

import (
	"context"
	"errors"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/campaign/engineset"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
)

// engine records one generated program of an engine after the other and explores each
// under each profile, until there are enough states.
func (t *Tier) engine(ctx context.Context, name string, cells []*rundir.Cell) (err error) {
	defer func() {
		for _, cell := range cells {
			err = errors.Join(err, t.end(cell))
		}
	}()
	for i := uint64(0); !t.enough(); i++ {
		p := program.Generate(t.Seed+i, program.Shape{Durability: kv.Synced, Levels: engineset.TxnLevels(name), RangeDeletes: engineset.TakesRangeDeletes(name)})
		rec, err := t.recorded(ctx, cells[0], func() (*files.Recording, error) { return t.recordEngine(ctx, name, p) })
		if err != nil {
			return err
		}
		more := false
		for k, cell := range cells {
			if err := t.engineProfile(ctx, k, cell, rec); err != nil {
				return err
			}
			more = more || cell.Distinct < t.States
		}
		if !more {
			return nil
		}
	}
	return nil
}

func (t *Tier) recordEngine(ctx context.Context, name string, p *program.Program) (*files.Recording, error) {
	rec := t.newRecording()
	rec.Engine, rec.Bug, rec.Steps = name, t.Bug, p.String()
	file, err := t.stage.WriteFile("program.txt", []byte(rec.Steps))
	if err != nil {
		return nil, err
	}
	return rec, t.keepRecording(ctx, files.Source{Workload: disk.Worker(t.self.Worker(name, t.Bug, file))}, rec)
}

// engineProfile explores one program of an engine under one profile.
func (t *Tier) engineProfile(ctx context.Context, i int, cell *rundir.Cell, rec *files.Recording) error {
	want := min(statesPerProgram, t.States-cell.Distinct)
	if want <= 0 || t.enough() {
		return nil
	}
	return t.unit(ctx, i, cell, rec, want)
}

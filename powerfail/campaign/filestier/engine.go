package filestier

import (
	"context"
	"errors"
	"os"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/engineset"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/oracle"
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
		p := program.Generate(t.Seed+i, program.Shape{
			Durability: kv.Synced, Levels: engineset.TxnLevels(name, t.Levels), RangeDeletes: engineset.TakesRangeDeletes(name),
		})
		rec, err := t.recorded(ctx, cells[0], func() (*files.Recording, error) {
			rec, err := t.recordEngine(ctx, name, p)
			if broken := program.Broken(err); broken != nil {
				return nil, t.unisolated(cells[0], broken, rec)
			}
			return rec, err
		})
		if err != nil {
			return err
		}
		if rec == nil {
			continue
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
	return rec, t.recordInto(ctx, rec)
}

// recordInto runs the program of rec on its engine, and writes the log.
func (t *Tier) recordInto(ctx context.Context, rec *files.Recording) error {
	file, err := t.stage.WriteFile("program.txt", []byte(rec.Steps))
	if err != nil {
		return err
	}
	return t.keepRecording(ctx, files.Source{Workload: disk.Worker(t.self.Worker(rec.Engine, rec.Bug, file))}, rec)
}

// unisolated reports that transactions of a program were not isolated. Such a program
// leaves no recording.
func (t *Tier) unisolated(cell *rundir.Cell, broken *oracle.Violation, rec *files.Recording) error {
	explore.Count(&cell.Violations, string(broken.Rule), 1)
	if err := os.RemoveAll(rec.Dir); err != nil || !t.causes.Keep(string(broken.Rule)) {
		return err
	}
	t.causes.Found++
	return t.run.Report(campaign.Unisolated(files.Tier, cell.Key, rec.Steps, broken))
}

// engineProfile explores one program of an engine under one profile.
func (t *Tier) engineProfile(ctx context.Context, i int, cell *rundir.Cell, rec *files.Recording) error {
	want := min(statesPerProgram, t.States-cell.Distinct)
	if want <= 0 || t.enough() {
		return nil
	}
	return t.unit(ctx, i, cell, rec, want)
}

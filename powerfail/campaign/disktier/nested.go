package disktier

import (
	"context"
	"errors"
	"os"
	"slices"

	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// The parts of a recording's states, if recoveries are crashed too.
const (
	nestedShare       = 4  // one state of so many is one of a second power cut
	nestedStatesOfOne = 25 // of one recovery
)

// nestedStates returns the number of a recording's states that are kept for second power
// cuts.
func (t *Tier) nestedStates(rec *disk.Recording, states int64) int64 {
	if t.Depth < 2 || !rec.OfEngine() && rec.Reopen == "" {
		return 0
	}
	return states / nestedShare
}

// nested opens stores that crash states of a recording left, records this, and cuts the
// power during it, until so many states were checked.
func (t *Tier) nested(ctx context.Context, rec *disk.Recording, s *state, i int, states int64) error {
	cell := s.cells[i]
	x, err := t.exploration(rec, s, cell)
	if err != nil {
		return err
	}
	crashes, err := x.Draw(int((states + nestedStatesOfOne - 1) / nestedStatesOfOne))
	if err != nil {
		return err
	}
	for n, c := range crashes {
		if states <= 0 || t.full(s) {
			return nil
		}
		second, err := t.reopened(ctx, rec, c)
		var refused *disk.RefusedError
		if errors.As(err, &refused) {
			cell.Refused++
			continue
		}
		if err != nil {
			return err
		}
		if second == nil {
			continue
		}
		before := cell.Distinct
		if err := t.second(ctx, second, s, cell, i, states/int64(len(crashes)-n)); err != nil {
			return err
		}
		states -= cell.Distinct - before
	}
	return nil
}

// second explores the recording of a reopening.
func (t *Tier) second(ctx context.Context, rec *disk.Recording, s *state, cell *rundir.Cell, i int, states int64) error {
	x, err := t.exploration(rec, s, cell)
	if err != nil {
		return err
	}
	x.Depth, x.States, x.OnState = 1, states, t.onState(cell, i)
	if err := t.run1(ctx, rec, s, cell, x); err != nil {
		return err
	}
	return os.RemoveAll(rec.Dir)
}

// reopened records what the subject does when it opens what a power cut left. It returns nil
// if the subject cannot open that, which the exploration of the first cut shows already.
func (t *Tier) reopened(ctx context.Context, rec *disk.Recording, c disk.Crash) (*disk.Recording, error) {
	second := *rec
	dir, err := os.MkdirTemp(t.stage.Dir, "reopened-")
	if err != nil {
		return nil, err
	}
	second.Dir, second.Log, second.Acks, second.Fault = dir, nil, nil, ""
	kind, err := disk.LookupFileSystem(rec.FileSystem)
	if err != nil {
		return nil, err
	}
	var run subject.Run
	w := disk.OwnReopen(rec.Own(), c.Acked(), &run)
	if rec.OfEngine() {
		if w, err = t.openOnly(rec); err != nil {
			return nil, err
		}
	}
	source := t.source(kind, &second, w)
	source.Base, source.Before, source.Size = c.Image, c.Marks, c.Image.Size()
	err = disk.Record(ctx, t.stage, source, second.LogFile())
	var ended *disk.EndedError
	if errors.As(err, &ended) {
		return nil, nil //nolint:nilerr // the engine does not open it
	}
	if err != nil {
		return nil, err
	}
	if err := second.Load(); err != nil {
		return nil, err
	}
	second.Acks = append(slices.Clone(rec.Acks[:min(len(rec.Acks), len(c.Acked()))]), run.Acks...)
	return &second, nil
}

// openOnly is the workload that only opens the store of an engine and closes it.
func (t *Tier) openOnly(rec *disk.Recording) (disk.Workload, error) {
	p, err := program.Parse(rec.Program)
	if err != nil {
		return nil, err
	}
	file, err := t.stage.WriteFile("open.txt", []byte((&program.Program{Durability: p.Durability}).String()))
	if err != nil {
		return nil, err
	}
	return disk.Worker(t.self.Worker(rec.Engine, rec.Bug, file)), nil
}

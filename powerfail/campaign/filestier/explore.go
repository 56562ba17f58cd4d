package filestier

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"lsmlab/engines/fileroles"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/rundir"
)

// profile explores all recordings under one profile.
func (t *Tier) profile(ctx context.Context, i int, cell *rundir.Cell, recordings []*files.Recording) error {
	for n, rec := range recordings {
		want := (t.States - cell.Distinct) / int64(len(recordings)-n)
		if err := t.unit(ctx, i, cell, rec, max(want, 1)); err != nil || t.enough() {
			return err
		}
	}
	return nil
}

// unit explores so many states of one recording under one profile, and crash states of
// opening these again.
func (t *Tier) unit(ctx context.Context, i int, cell *rundir.Cell, rec *files.Recording, states int64) error {
	id := cell.Profile + " of recording " + filepath.Base(rec.Dir)
	return t.do(ctx, cell, id, func() error {
		begin := time.Now()
		defer func() { cell.Seconds += time.Since(begin).Seconds() }()
		x, err := t.exploration(i, cell, rec)
		if err != nil {
			return err
		}
		x.States = states
		if err := t.explore(ctx, x, rec, cell); err != nil {
			return err
		}
		if rec.Program.Reopen != "" && t.Depth > 1 && !t.enough() {
			return t.again(ctx, x, rec, cell)
		}
		return nil
	})
}

// enough says whether there are as many findings as were asked for. Profiles that lose more
// would show the same.
func (t *Tier) enough() bool { return t.wanted() <= 0 }

// wanted returns how many findings are still asked for.
func (t *Tier) wanted() int { return t.Findings - t.causes.Found }

func (t *Tier) exploration(i int, cell *rundir.Cell, rec *files.Recording) (*files.Exploration, error) {
	judge, err := t.judges(rec)
	if err != nil {
		return nil, err
	}
	x := &files.Exploration{
		Stage: t.stage, Log: rec.Log, LogFile: rec.LogFile(), Judge: judge,
		Profile: t.Profiles[i], Seed: t.Seed + uint64(t.number), Workers: t.Workers, Kills: i == 0, KillsAlone: t.Kill,
		Causes: t.causes.Known, Findings: t.wanted(), Role: explore.Patterns(),
	}
	if rec.OfEngine() {
		x.Role = fileroles.Of
	}
	begin, before := time.Now(), cell.Distinct
	x.OnState = func(distinct int64) {
		share := float64(before+distinct) / float64(t.States)
		t.run.At(t.done*steps+int(min(share, 1)*steps), fmt.Sprintf("%s %s: %d states, %.0f/s",
			cell.Engine, cell.Profile, before+distinct, float64(distinct)/time.Since(begin).Seconds()))
	}
	return x, nil
}

// explore explores one recording and reports the findings.
func (t *Tier) explore(ctx context.Context, x *files.Exploration, rec *files.Recording, cell *rundir.Cell) error {
	counts, found, err := x.Run(ctx)
	cell.Add(&counts)
	for _, f := range found {
		t.causes.Found++
		err = errors.Join(err, t.write(rec, cell, f))
	}
	return err
}

// judges returns a function that makes judges of a recording's states.
func (t *Tier) judges(rec *files.Recording) (func() disk.Judge, error) {
	if !rec.OfEngine() {
		return rec.OwnJudge(t.stage), nil
	}
	h, p, err := rec.History()
	if err != nil {
		return nil, err
	}
	return t.self.Judges(t.stage, rec.Engine, rec.Bug, p.Durability, h)
}

package disktier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/process"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// Replay implements [campaign.Replayer]. It checks the crash state of a finding again. If the
// finding has none, it runs the program again.
func (t *Tier) Replay(ctx context.Context, f *rundir.Finding) (found *rundir.Finding, counts explore.Counts, err error) {
	var kind disk.FileSystem // a killed program needs none
	if f.Profile != campaign.ProfileKill {
		if kind, err = disk.LookupFileSystem(f.FileSystem); err != nil {
			return nil, counts, err
		}
		if err := disk.Require(kind); err != nil {
			return nil, counts, err
		}
	}
	if t.self, err = process.This(); err != nil {
		return nil, counts, err
	}
	if t.stage, err = disk.NewStage(); err != nil {
		return nil, counts, err
	}
	defer func() { err = errors.Join(err, t.stage.Close()) }()
	if f.Rule == oracle.RuleIsolation {
		return campaign.RunUnisolated(f, func(p *program.Program) error {
			t.Options, t.Size = &campaign.Options{Bug: f.Bug}, DefaultSize
			_, err := t.recordEngine(ctx, f.Engine, kind, p, filepath.Join(t.stage.Dir, "again"))
			return err
		})
	}
	if f.Rule == disk.RuleWorkload || f.Profile == campaign.ProfileKill {
		return t.runAgain(ctx, kind, f)
	}
	x, err := t.replayed(kind, f)
	if err != nil {
		return nil, counts, err
	}
	broken, err := x.Replay(ctx, f)
	var refused *disk.RefusedError
	if errors.As(err, &refused) {
		return nil, counts, fmt.Errorf("the kernel does not mount this state: %w", err)
	}
	counts.Explored, counts.Distinct = 1, 1
	if err != nil || broken == nil || broken.Rule != f.Rule {
		return nil, counts, err
	}
	again := *f
	again.Detail = broken.Detail
	return &again, counts, nil
}

// replayed returns an exploration of the block log that is part of a finding.
func (t *Tier) replayed(kind disk.FileSystem, f *rundir.Finding) (*disk.Exploration, error) {
	if f.State == nil {
		return nil, errors.New("the finding has no state directory, in which its block log would lie")
	}
	dir := filepath.Join(t.stage.Dir, "finding")
	if err := f.State(dir); err != nil {
		return nil, err
	}
	rec := &disk.Recording{FileSystem: kind.Name, Bug: f.Bug, Program: f.Program, Dir: dir}
	if err := rec.Load(); err != nil {
		return nil, err
	}
	if f.Engine != campaign.OwnProgram {
		rec.Engine = f.Engine
	} else {
		var s disk.Scenario
		if err := json.Unmarshal(f.Scenario, &s); err != nil {
			return nil, err
		}
		rec.CheckCommand, rec.Reopen = s.CheckCommand, s.Reopen
	}
	judge, err := t.judges(rec)
	return &disk.Exploration{Stage: t.stage, LogFile: rec.LogFile(), Log: rec.Log, Kind: kind, Judge: judge}, err
}

// runAgain runs the program of a finding without a crash state again: one that failed by
// itself, or was killed. It tries a few times, since a program may do something else each
// time.
func (t *Tier) runAgain(ctx context.Context, kind disk.FileSystem, f *rundir.Finding) (found *rundir.Finding, counts explore.Counts, err error) {
	const tries = 5
	var s disk.Scenario
	if err := json.Unmarshal(f.Scenario, &s); err != nil {
		return nil, counts, err
	}
	rec := &disk.Recording{Workload: s.Workload, CheckCommand: s.CheckCommand, Reopen: s.Reopen, Busy: s.Busy, Fault: s.Fault}
	t.Options, t.Size = &campaign.Options{}, DefaultSize
	for range tries {
		counts.Explored, counts.Distinct = counts.Explored+1, counts.Distinct+1
		var failed *subject.Failure
		if s.KillAt > 0 {
			if _, failed, err = killed(ctx, t.stage, rec.Own(), s.KillAt); err != nil {
				return nil, counts, err
			}
		} else {
			t.recordings++ // another seed
			rec.Dir = filepath.Join(t.stage.Dir, fmt.Sprintf("again-%d", t.recordings))
			var run subject.Run
			if _, err := t.record(ctx, kind, rec, disk.Own(rec.Own(), &run)); err != nil {
				return nil, counts, err
			}
			failed = run.Wrong(rec.Fault != "")
		}
		if failed != nil {
			again := *f
			again.Detail, again.Output = failed.Headline(), failed.Output
			return &again, counts, nil
		}
	}
	return nil, counts, nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"lsmlab/harness"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
)

// replayDisk checks the crash state of a finding again.
func replayDisk(ctx context.Context, f *rundir.Finding) (found *rundir.Finding, counts explore.Counts, err error) {
	kind, err := disk.LookupFileSystem(f.FileSystem)
	if err != nil {
		return nil, counts, err
	}
	if err := disk.Require(kind); err != nil {
		return nil, counts, &harness.UsageError{Text: err.Error()}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, counts, err
	}
	stage, err := disk.NewStage()
	if err != nil {
		return nil, counts, err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	x, err := replayed(stage, self, kind, f)
	if err != nil {
		return nil, counts, err
	}
	broken, err := x.Replay(ctx, f)
	counts.Explored, counts.Distinct = 1, 1
	if err != nil || broken == nil || broken.Rule != f.Rule {
		return nil, counts, err
	}
	again := *f
	again.Detail = broken.Detail
	return &again, counts, nil
}

// replayed returns the exploration of a finding's own block log.
func replayed(stage *disk.Stage, self string, kind disk.FileSystem, f *rundir.Finding) (*disk.Exploration, error) {
	if f.State == nil {
		return nil, errors.New("the finding has no state directory, in which its block log would lie")
	}
	dir := filepath.Join(stage.Dir, "finding")
	if err := f.State(dir); err != nil {
		return nil, err
	}
	rec := &disk.Recording{FileSystem: kind.Name, Bug: f.Bug, Program: f.Program, Dir: dir}
	if err := rec.Load(); err != nil {
		return nil, err
	}
	if f.Engine != ownProgram {
		rec.Engine = f.Engine
	} else {
		var s disk.Scenario
		if err := json.Unmarshal(f.Scenario, &s); err != nil {
			return nil, err
		}
		rec.CheckCommand = s.CheckCommand
	}
	judge, err := judgeOf(stage, self, rec)
	return &disk.Exploration{Stage: stage, LogFile: rec.LogFile(), Log: rec.Log, Kind: kind, Judge: judge}, err
}

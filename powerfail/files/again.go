package files

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"lsmlab/engines/vfs"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/model"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// Replay checks the state of a finding again, from its log. It returns what is broken
// now, or nil.
func (x *Exploration) Replay(ctx context.Context, f *rundir.Finding) (broken *oracle.Violation, err error) {
	var sc scenario
	if err := json.Unmarshal(f.Scenario, &sc); err != nil {
		return nil, fmt.Errorf("scenario of the finding: %w", err)
	}
	position := int(f.Cut.Position)
	if position < x.Log.start || position > x.Log.end {
		return nil, fmt.Errorf("%s has no position %d", x.LogFile, position)
	}
	at := newReplay(x.Log, sc.Lies)
	if err := at.to(position); err != nil {
		return nil, err
	}
	s := model.State{CrashOptions: vfs.CrashOptions{Strict: sc.Strict, BlockSize: sc.Block, Garbage: sc.Garbage, ProcessCrash: sc.Kill}}
	s.Follow(at.mem, f.Choices)
	r := &run{Exploration: x, modes: at.modes}
	if r.scratch, err = newScratch(x.Stage); err != nil {
		return nil, err
	}
	c := &checker{run: r, judge: x.Judge(), dir: filepath.Join(r.scratch.dir, "replay")}
	broken, err = c.check(ctx, s.Disk, position)
	return broken, errors.Join(err, c.judge.Release(), r.scratch.close())
}

// RunAgain runs the program of a finding once more, if the finding is that the program failed
// without a crash. It runs the program's reopening on the files that the directory had at
// first, or else its workload. It returns how the program ended.
func (r *Recording) RunAgain(ctx context.Context, stage *disk.Stage, server, watched []string, rule oracle.Rule, log string) (*subject.Failure, error) {
	run := &subject.Run{}
	source := Source{Server: server, Watched: watched}
	if r.Fault != "" {
		var err error
		if source.Fault, err = disk.ParseFault(r.Fault); err != nil {
			return nil, err
		}
	}
	at := newReplay(r.Log, false)
	if err := at.to(r.Log.start); err != nil {
		return nil, err
	}
	source.Fill = func(dir string) error { return writeTree(at.mem, dir, at.modes) }
	source.Workload = disk.Own(r.Program, run)
	if rule == disk.RuleReopen {
		source.Workload = disk.OwnReopen(r.Program, r.Log.acked(int64(r.Log.start)), run)
	}
	err := Record(ctx, stage, source, log)
	return run.Wrong(r.Fault != ""), err
}

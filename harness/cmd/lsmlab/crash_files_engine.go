package main

import (
	"context"
	"errors"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
)

// engine records one generated program of an engine after the other and explores each
// under each profile, until there are enough states.
func (r *filesRun) engine(ctx context.Context, name string) (err error) {
	cells := r.cells(&files.Recording{Engine: name, Bug: r.bug})
	r.before, r.causes = r.found, map[string]bool{}
	defer func() {
		for _, cell := range cells {
			err = errors.Join(err, r.end(cell))
		}
	}()
	for i := uint64(0); !r.enough(); i++ {
		p := program.Generate(r.seed+i, program.Shape{Durability: kv.Synced})
		rec, err := r.recordEngine(ctx, name, p)
		if err != nil {
			return err
		}
		more := false
		for k, cell := range cells {
			if err := r.engineProfile(ctx, k, cell, rec); err != nil {
				return err
			}
			more = more || cell.Distinct < r.states
		}
		if !more {
			return nil
		}
	}
	return nil
}

func (r *filesRun) recordEngine(ctx context.Context, name string, p *program.Program) (*files.Recording, error) {
	rec := r.newRecording()
	rec.Engine, rec.Bug, rec.Steps = name, r.bug, p.String()
	file, err := r.stage.WriteFile("program.txt", []byte(rec.Steps))
	if err != nil {
		return nil, err
	}
	argv := []string{r.self, "crash", "worker", "--engine", name, "--small", "--bug", r.bug, "--program", file, "--dir"}
	return rec, r.keepRecording(ctx, files.Source{Workload: disk.Worker(argv)}, rec)
}

// engineProfile explores one program of an engine under one profile.
func (r *filesRun) engineProfile(ctx context.Context, i int, cell *rundir.Cell, rec *files.Recording) error {
	want := min(diskStatesPerProgram, r.states-cell.Distinct)
	if want <= 0 || r.enough() {
		return nil
	}
	begin := time.Now()
	defer func() { cell.Seconds += time.Since(begin).Seconds() }()
	x, err := r.exploration(i, cell, rec)
	if err != nil {
		return err
	}
	x.States, x.Findings = want, r.wanted()
	return r.explore(ctx, x, rec, cell)
}

// filesJudge returns what makes judges of a recording's states.
func filesJudge(stage *disk.Stage, self string, rec *files.Recording) (func() disk.Judge, error) {
	if rec.Engine == "" {
		return rec.OwnJudge(stage), nil
	}
	h, p, err := rec.History()
	if err != nil {
		return nil, err
	}
	return engineJudge(stage, self, rec.Engine, rec.Bug, p.Durability, h)
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lsmlab/harness"
	"lsmlab/harness/display"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// What recording the reopenings of a program may take, for each recording and profile.
const (
	reopenings   = 6
	reopenStates = 100 // of each
)

// filesRun is a run of crash files under way.
type filesRun struct {
	*filesFlags
	*crashRun
	stage    *disk.Stage
	self     string
	progress *display.Display
	causes   map[string]bool // of findings, over all profiles
	number   int             // of recordings made
	done     int             // cells
	before   int             // findings of other engines, and workloads that died
}

// all explores the engines, or a person's own program.
func (r *filesRun) all(ctx context.Context, recordings []*files.Recording) error {
	if len(r.engines) == 0 && recordings == nil {
		return r.own(ctx)
	}
	for _, engine := range r.engines {
		if err := r.engine(ctx, engine); err != nil {
			return err
		}
	}
	for _, same := range campaign.Group(recordings, (*files.Recording).Subject) {
		for _, rec := range same {
			rec.Program.Check = cmp.Or(r.program.Check, rec.Program.Check)
		}
		r.before, r.causes = r.found, map[string]bool{}
		if err := r.together(ctx, r.cells(same[0]), same); err != nil {
			return err
		}
	}
	return nil
}

// own records a person's own program and explores that.
func (r *filesRun) own(ctx context.Context) error {
	cells := r.cells(&files.Recording{})
	var recordings []*files.Recording
	for range r.recordings {
		rec, err := r.record(ctx, cells[0])
		if err != nil {
			return err
		}
		recordings = append(recordings, rec)
	}
	return r.together(ctx, cells, recordings)
}

// together explores recordings of one subject under one profile after the other.
func (r *filesRun) together(ctx context.Context, cells []*rundir.Cell, recordings []*files.Recording) (err error) {
	for i, cell := range cells {
		if r.enough() {
			r.progress.Line("profiles that lose more show the same, and were left out; --findings %d looks for more", r.findings+1)
			break
		}
		err := r.profile(ctx, i, cell, recordings)
		if err = errors.Join(err, r.end(cell)); err != nil {
			return err
		}
	}
	return nil
}

// end writes a cell down.
func (r *filesRun) end(cell *rundir.Cell) error {
	r.done++
	return r.add(r.progress.Line, *cell)
}

// cells returns one for each profile; kills alone need none.
func (r *filesRun) cells(rec *files.Recording) (cells []*rundir.Cell) {
	for _, p := range r.parsed {
		key := rundir.Key{Engine: cmp.Or(rec.Engine, ownProgram), FileSystem: files.FileSystem, Profile: string(p), Bug: rec.Bug}
		cells = append(cells, &rundir.Cell{Key: key})
	}
	if r.kill {
		cells = cells[:1]
		cells[0].Profile = profileKill
	}
	return cells
}

// record runs the workload once. One that does not end well is a finding of cell,
// unless it was made to fail.
func (r *filesRun) record(ctx context.Context, cell *rundir.Cell) (*files.Recording, error) {
	rec := r.newRecording()
	life := &subject.Life{}
	source := files.Source{Fault: r.fault, Workload: disk.Own(r.program, life)}
	if err := r.keepRecording(ctx, source, rec); err != nil {
		return nil, err
	}
	r.progress.Line("recording %d: %d acknowledged in %.2f s, %d operations on files%s", r.number, len(life.Acks), life.Seconds, rec.Log.Operations(),
		map[bool]string{true: ", fault " + rec.Fault}[rec.Fault != ""])
	switch {
	case life.Failed == nil:
		return rec, nil
	case len(life.Acks) == 0 && rec.Log.Operations() == 0:
		return nil, &harness.UsageError{Text: fmt.Sprintf("--workload-cmd: it ended before it wrote or acknowledged anything: %s\n%s", life.Failed.How, life.Failed.Output)}
	case life.Wrong(rec.Fault != "") == nil:
		r.progress.Line("  the workload ended by the fault, as it may: %s", life.Failed.Headline())
		return rec, nil
	}
	before := r.found
	err := r.died(rec, cell, disk.RuleWorkload, life)
	r.before += r.found - before // what was recorded up to there is explored
	return rec, err
}

// died writes down that the program itself did not end well.
func (r *filesRun) died(rec *files.Recording, cell *rundir.Cell, rule oracle.Rule, life *subject.Life) error {
	explore.Count(&cell.Violations, string(rule), 1)
	if r.causes[string(rule)] {
		return nil
	}
	r.causes[string(rule)] = true
	return r.write(rec, cell, rec.Died(rule, life))
}

// write writes a finding down.
func (r *filesRun) write(rec *files.Recording, cell *rundir.Cell, f *rundir.Finding) error {
	f.Key = cell.Key
	return errors.Join(rec.Explain(f), r.report(r.progress.Line, *f))
}

func (r *filesRun) newRecording() *files.Recording {
	r.number++
	dir := filepath.Join(r.dir.Path(), "recordings", fmt.Sprintf("%03d", r.number))
	return &files.Recording{Program: r.program, Fault: r.fault.String(), Dir: dir}
}

// keepRecording records and keeps the log in the directory of rec.
func (r *filesRun) keepRecording(ctx context.Context, source files.Source, rec *files.Recording) error {
	if err := os.MkdirAll(rec.Dir, 0o755); err != nil {
		return err
	}
	source.Server, source.Watched = filesHelpers(r.self)
	if err := files.Record(ctx, r.stage, source, rec.LogFile()); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return errors.Join(rec.Save(), rec.Load())
}

// profile explores all recordings under one profile.
func (r *filesRun) profile(ctx context.Context, i int, cell *rundir.Cell, recordings []*files.Recording) error {
	begin := time.Now()
	defer func() { cell.Seconds += time.Since(begin).Seconds() }()
	for n, rec := range recordings {
		want := (r.states - cell.Distinct) / int64(len(recordings)-n)
		x, err := r.exploration(i, cell, rec)
		if err != nil {
			return err
		}
		x.States = max(want, 1)
		if err := r.explore(ctx, x, rec, cell); err != nil {
			return err
		}
		if rec.Program.Reopen != "" && r.depth > 1 && !r.enough() {
			if err := r.again(ctx, x, rec, cell); err != nil {
				return err
			}
		}
		if r.enough() {
			return nil
		}
	}
	return nil
}

// enough says whether there are the findings that were asked for: profiles that lose
// more would show the same.
func (r *filesRun) enough() bool { return r.wanted() <= 0 }

// wanted returns how many findings are still asked for.
func (r *filesRun) wanted() int { return r.findings - (r.found - r.before) }

func (r *filesRun) exploration(i int, cell *rundir.Cell, rec *files.Recording) (*files.Exploration, error) {
	judge, err := filesJudge(r.stage, r.self, rec)
	if err != nil {
		return nil, err
	}
	x := &files.Exploration{
		Stage: r.stage, Log: rec.Log, LogFile: rec.LogFile(), Judge: judge,
		Profile: r.parsed[i], Seed: r.seed + uint64(r.number), Workers: r.workers, Kills: i == 0, KillsAlone: r.kill,
		Causes: r.causes, Findings: r.wanted(), Role: explore.Patterns(),
	}
	if rec.Engine != "" {
		x.Role = explore.Role
	}
	begin, before := time.Now(), cell.Distinct
	x.OnState = func(distinct int64) {
		share := float64(before+distinct) / float64(r.states)
		r.progress.At(r.done*diskSteps+int(min(share, 1)*diskSteps), fmt.Sprintf("%s %s: %d states, %.0f/s",
			cell.Engine, cell.Profile, before+distinct, float64(distinct)/time.Since(begin).Seconds()))
	}
	return x, nil
}

// explore explores one recording and writes down what is found.
func (r *filesRun) explore(ctx context.Context, x *files.Exploration, rec *files.Recording, cell *rundir.Cell) error {
	counts, found, err := x.Run(ctx)
	cell.Add(&counts)
	for _, f := range found {
		err = errors.Join(err, r.write(rec, cell, f))
	}
	return err
}

// again records some reopenings of what a crash left, and explores those.
func (r *filesRun) again(ctx context.Context, x *files.Exploration, rec *files.Recording, cell *rundir.Cell) error {
	crashes, err := x.Draw(reopenings)
	if err != nil {
		return err
	}
	for _, c := range crashes {
		next := r.newRecording()
		next.Program = rec.Program
		life := &subject.Life{}
		source := files.Source{Fill: c.Fill, Marks: c.Marks, Workload: disk.OwnReopen(rec.Program, c.Acked, life)}
		if err := r.keepRecording(ctx, source, next); err != nil {
			return err
		}
		if life.Failed != nil {
			if err := r.died(next, cell, disk.RuleReopen, life); err != nil {
				return err
			}
		}
		y := *x
		y.Log, y.LogFile, y.Judge = next.Log, next.LogFile(), next.OwnJudge(r.stage)
		y.Depth, y.States, y.Findings = 2, reopenStates, r.wanted()
		if err := r.explore(ctx, &y, next, cell); err != nil || r.enough() {
			return err
		}
	}
	return nil
}

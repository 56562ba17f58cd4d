package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

const (
	// ownProgram stands for the engine in cells of a program of the user.
	ownProgram = "own program"
	// diskStatesPerProgram bounds what one recording of many may take.
	diskStatesPerProgram = 300
	// diskSteps is how finely the progress bar moves within a cell.
	diskSteps = 1000
)

// diskRun is a run of crash disk under way.
type diskRun struct {
	*diskFlags
	*crashRun
	stage      *disk.Stage
	self       string
	progress   *harness.Display
	done       int // cells
	recordings int
}

// all records and explores every engine on every file system.
func (r *diskRun) all(ctx context.Context) error {
	for _, engine := range r.engines {
		for _, kind := range r.kinds {
			cells := r.newCells(engine, kind.Name, r.bug)
			err := r.each(ctx, engine, kind, cells)
			if err = errors.Join(err, r.addCells(cells)); err != nil {
				return err
			}
		}
	}
	return nil
}

// again explores what was recorded before.
func (r *diskRun) again(ctx context.Context, old []*disk.Recording) error {
	for _, rec := range old {
		if r.checkCmd != "" {
			rec.CheckCommand = r.checkCmd
		}
		cells := r.newCells(rec.Engine, rec.FileSystem, rec.Bug)
		err := r.explore(ctx, rec, cells, r.states, r.shard)
		if err = errors.Join(err, r.addCells(cells)); err != nil {
			return err
		}
	}
	return nil
}

// newCells returns a cell for each profile.
func (r *diskRun) newCells(engine, fileSystem, bug string) (cells []*rundir.Cell) {
	if engine == "" {
		engine = ownProgram
	}
	for _, p := range r.parsed {
		cells = append(cells, &rundir.Cell{Key: rundir.Key{Engine: engine, FileSystem: fileSystem, Profile: string(p), Bug: bug}})
	}
	return cells
}

func (r *diskRun) addCells(cells []*rundir.Cell) (err error) {
	for _, c := range cells {
		r.done++
		err = errors.Join(err, r.add(r.progress.Line, *c))
	}
	return err
}

// each records one program after the other, each explored under each
// profile, until there are enough states. A program of the user is one.
func (r *diskRun) each(ctx context.Context, engine string, kind disk.FileSystem, cells []*rundir.Cell) error {
	if engine == "" {
		rec := &disk.Recording{Workload: r.workload, CheckCommand: r.checkCmd, Dir: r.recordingDir()}
		var life subject.Life
		rec, err := r.record(ctx, kind, rec, disk.Own(rec.Own(), &life))
		if err != nil {
			return err
		}
		if life.Failed != nil {
			return fmt.Errorf("the workload failed: %s", life.Failed.Headline())
		}
		return r.explore(ctx, rec, cells, r.states, r.shard)
	}
	for i := 0; r.more(i, cells); i++ {
		if r.shard.n > 1 && i%r.shard.n != r.shard.i {
			continue
		}
		p := program.Generate(r.seed+uint64(i), program.Shape{Durability: kv.Synced})
		rec, err := r.recordEngine(ctx, engine, kind, p, r.recordingDir())
		if err != nil {
			return err
		}
		if err := r.explore(ctx, rec, cells, diskStatesPerProgram, shard{}); err != nil {
			return err
		}
	}
	return nil
}

// more says whether program i is wanted.
func (r *diskRun) more(i int, cells []*rundir.Cell) bool {
	if r.diskFlags.programs > 0 {
		return i < r.diskFlags.programs
	}
	for _, c := range cells {
		if c.Distinct < r.states && sum(c.Violations) < int64(r.findings) {
			return true
		}
	}
	return false
}

// recordingDir is where the next recording of the run stays.
func (r *diskRun) recordingDir() string {
	r.recordings++
	return filepath.Join(r.dir.Path(), "recordings", fmt.Sprintf("%03d", r.recordings))
}

// recordEngine records a program of an engine.
func (r *diskRun) recordEngine(ctx context.Context, engine string, kind disk.FileSystem, p *program.Program, dir string) (*disk.Recording, error) {
	rec := &disk.Recording{Engine: engine, Bug: r.bug, Program: p.String(), Dir: dir}
	file, err := r.stage.WriteFile("program.txt", []byte(rec.Program))
	if err != nil {
		return nil, err
	}
	argv := []string{r.self, "crash", "worker", "--engine", engine, "--small", "--bug", r.bug, "--program", file, "--dir"}
	return r.record(ctx, kind, rec, disk.Worker(argv))
}

// record runs a workload and keeps its log in the directory of the recording.
func (r *diskRun) record(ctx context.Context, kind disk.FileSystem, rec *disk.Recording, w disk.Workload) (*disk.Recording, error) {
	rec.FileSystem = kind.Name
	if err := os.MkdirAll(rec.Dir, 0o755); err != nil {
		return nil, err
	}
	source := disk.Source{FileSystem: kind, Size: max(int64(r.size), kind.MinSize), Server: []string{r.self, "crash", "fuse"}, Workload: w}
	if err := disk.Record(ctx, r.stage, source, rec.LogFile()); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return rec, errors.Join(rec.Save(), rec.Load())
}

// explore explores a recording under each profile that needs it.
func (r *diskRun) explore(ctx context.Context, rec *disk.Recording, cells []*rundir.Cell, states int64, part shard) error {
	judge, err := judgeOf(r.stage, r.self, rec)
	if err != nil {
		return err
	}
	kind, err := disk.LookupFileSystem(rec.FileSystem)
	if err != nil {
		return err
	}
	for i, cell := range cells {
		want := min(states, r.states-cell.Distinct)
		if want <= 0 || sum(cell.Violations) >= int64(r.findings) {
			continue
		}
		start, before := time.Now(), cell.Distinct
		x := disk.Exploration{
			Stage: r.stage, LogFile: rec.LogFile(), Log: rec.Log, Kind: kind, Judge: judge,
			Profile: explore.Profile(cell.Profile), Seed: r.seed, States: want, Workers: r.workers,
			Shard: part.i, Shards: part.n,
			OnState: func(distinct int64) {
				share := float64(before+distinct) / float64(r.states)
				r.progress.At((r.done+i)*diskSteps+int(min(share, 1)*diskSteps), fmt.Sprintf("%s %s %s: %d states, %.0f/s",
					cell.Engine, cell.FileSystem, cell.Profile, before+distinct, float64(distinct)/time.Since(start).Seconds()))
			},
		}
		counts, found, err := x.Run(ctx)
		cell.Add(&counts)
		cell.Seconds += time.Since(start).Seconds()
		if err != nil {
			return err
		}
		if found != nil {
			if err := r.keepLeast(ctx, rec, x, cell, found); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep adds what only the run knows to a finding, and writes it down.
func (r *diskRun) keep(rec *disk.Recording, cell *rundir.Cell, f *rundir.Finding) (err error) {
	f.Key, f.Program = cell.Key, rec.Program
	if rec.Engine == "" {
		f.Program = fmt.Sprintf("# workload: %s\n# check: %s\n", rec.Workload, rec.CheckCommand)
	} else if f.History, _, err = rec.History(); err != nil {
		return err
	}
	var s disk.Scenario
	if err := json.Unmarshal(f.Scenario, &s); err != nil {
		return err
	}
	s.CheckCommand = rec.CheckCommand
	if f.Scenario, err = json.Marshal(s); err != nil {
		return err
	}
	return r.report(r.progress.Line, *f)
}

// judgeOf returns what makes judges of a recording's stores.
func judgeOf(stage *disk.Stage, self string, rec *disk.Recording) (func() disk.Judge, error) {
	if rec.Engine == "" {
		if rec.CheckCommand == "" {
			return nil, &harness.UsageError{Text: "--check-cmd: the recording has no check command: give one"}
		}
		return func() disk.Judge { return disk.NewOwnJudge(stage, rec.Own(), rec.Log) }, nil
	}
	h, p, err := rec.History()
	if err != nil {
		return nil, err
	}
	return engineJudge(stage, self, rec.Engine, rec.Bug, p.Durability, h)
}

// engineJudge returns what makes processes that judge an engine's stores.
func engineJudge(stage *disk.Stage, self, engine, bug string, d kv.Durability, h *oracle.History) (func() disk.Judge, error) {
	var text bytes.Buffer
	if err := h.Encode(&text); err != nil {
		return nil, err
	}
	file, err := stage.WriteFile("history.jsonl", text.Bytes())
	if err != nil {
		return nil, err
	}
	argv := []string{self, "crash", "judge", "--engine", engine, "--small", "--bug", bug, "--durability", d.String(), "--history", file}
	return func() disk.Judge { return disk.NewEngineJudge(stage, argv) }, nil
}

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/display"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
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
	progress   *display.Display
	done       int // cells
	recordings int
}

// subjectRun is what is explored under each profile: an engine or a program of the user
// on one file system.
type subjectRun struct {
	cells []*rundir.Cell // weakest profile first
	known []*oracle.Violation
	found int // of those in known, that count as findings of --findings
	// silent says of a recording, by its directory, which profiles showed nothing.
	silent map[string]map[explore.Profile]bool
}

// knows says whether a violation is of a cause that was found.
func (s *subjectRun) knows(v *oracle.Violation) bool {
	return slices.ContainsFunc(s.known, func(f *oracle.Violation) bool { return disk.SameCause(f, v) })
}

func (s *subjectRun) keep(v *oracle.Violation) { s.known, s.found = append(s.known, v), s.found+1 }

// all records and explores every engine, or the program of the user, on every file
// system.
func (r *diskRun) all(ctx context.Context) error {
	for _, engine := range r.engines {
		for _, kind := range r.kinds {
			s := r.newSubject(engine, kind.Name, r.bug)
			var err error
			if engine == "" {
				err = r.own(ctx, kind, s)
			} else {
				err = r.each(ctx, engine, kind, s)
			}
			if err = errors.Join(err, r.addCells(s)); err != nil {
				return err
			}
		}
	}
	return nil
}

// again explores what was recorded before: recordings of one subject together.
func (r *diskRun) again(ctx context.Context, old []*disk.Recording) error {
	for _, same := range campaign.Group(old, (*disk.Recording).Subject) {
		for _, rec := range same {
			rec.CheckCommand = cmp.Or(r.checkCmd, rec.CheckCommand)
		}
		s := r.newSubject(same[0].Engine, same[0].FileSystem, same[0].Bug)
		err := r.explore(ctx, same, s, r.states, r.shard)
		if err = errors.Join(err, r.addCells(s)); err != nil {
			return err
		}
	}
	return nil
}

// newSubject returns a subject with a cell for each profile.
func (r *diskRun) newSubject(engine, fileSystem, bug string) *subjectRun {
	if engine == "" {
		engine = ownProgram
	}
	s := &subjectRun{silent: map[string]map[explore.Profile]bool{}}
	for _, p := range r.parsed {
		s.cells = append(s.cells, &rundir.Cell{Key: rundir.Key{Engine: engine, FileSystem: fileSystem, Profile: string(p), Bug: bug}})
	}
	return s
}

// full says whether a subject has as many findings as are wanted.
func (r *diskRun) full(s *subjectRun) bool { return s.found >= r.findings }

func (r *diskRun) addCells(s *subjectRun) (err error) {
	for _, c := range s.cells {
		r.done++
		err = errors.Join(err, r.add(r.progress.Line, *c))
	}
	if r.full(s) && slices.ContainsFunc(s.cells, func(c *rundir.Cell) bool { return c.Explored == 0 }) {
		r.progress.Line("profiles that lose more show the same, and were left out; --findings %d looks for more", r.findings+1)
	}
	return err
}

// each records one program of an engine after the other, each explored under each
// profile, until there are enough states.
func (r *diskRun) each(ctx context.Context, engine string, kind disk.FileSystem, s *subjectRun) error {
	for i := 0; r.more(i, s); i++ {
		if r.shard.n > 1 && i%r.shard.n != r.shard.i {
			continue
		}
		p := program.Generate(r.seed+uint64(i), program.Shape{Durability: kv.Synced})
		rec, err := r.recordEngine(ctx, engine, kind, p, r.recordingDir())
		if err != nil {
			return err
		}
		if err := r.explore(ctx, []*disk.Recording{rec}, s, diskStatesPerProgram, shard{}); err != nil {
			return err
		}
	}
	return nil
}

// more says whether program i is wanted.
func (r *diskRun) more(i int, s *subjectRun) bool {
	if r.diskFlags.programs > 0 {
		return i < r.diskFlags.programs
	}
	if r.full(s) {
		return false
	}
	return slices.ContainsFunc(s.cells, func(c *rundir.Cell) bool { return c.Distinct+c.Refused < r.states })
}

// recordingDir is where the next recording of the run stays.
func (r *diskRun) recordingDir() string {
	r.recordings++
	return filepath.Join(r.dir.Path(), "recordings", fmt.Sprintf("%03d", r.recordings))
}

// recordEngine records a program of an engine.
func (r *diskRun) recordEngine(ctx context.Context, engine string, kind disk.FileSystem, p *program.Program, dir string) (*disk.Recording, error) {
	rec := &disk.Recording{Engine: engine, Bug: r.bug, Program: p.String(), Dir: dir, Busy: r.diskFlags.own.busy}
	file, err := r.stage.WriteFile("program.txt", []byte(rec.Program))
	if err != nil {
		return nil, err
	}
	return r.record(ctx, kind, rec, disk.Worker(r.worker(engine, r.bug, file)))
}

// worker is the command that runs the program in a file on an engine.
func (r *diskRun) worker(engine, bug, file string) []string {
	return []string{r.self, "crash", "worker", "--engine", engine, "--small", "--bug", bug, "--program", file, "--dir"}
}

// record runs a workload and keeps its log in the directory of the recording.
func (r *diskRun) record(ctx context.Context, kind disk.FileSystem, rec *disk.Recording, w disk.Workload) (*disk.Recording, error) {
	rec.FileSystem = kind.Name
	if err := os.MkdirAll(rec.Dir, 0o755); err != nil {
		return nil, err
	}
	source := r.source(kind, rec, w)
	if rec.Fault != "" {
		var err error
		if source.Fail, err = disk.ParseFault(rec.Fault); err != nil {
			return nil, err
		}
	}
	if err := disk.Record(ctx, r.stage, source, rec.LogFile()); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return rec, errors.Join(rec.Save(), rec.Load())
}

// source is what is recorded for rec.
func (r *diskRun) source(kind disk.FileSystem, rec *disk.Recording, w disk.Workload) disk.Source {
	return disk.Source{
		FileSystem: kind, Size: max(int64(r.size), kind.MinSize), Server: []string{r.self, "crash", "fuse"}, Workload: w,
		Busy: rec.Busy, Seed: r.seed + uint64(r.recordings),
	}
}

// explore explores recordings of a subject under one profile after the other, the
// weakest first: what one shows needs no stronger one. states is for all recordings
// together.
func (r *diskRun) explore(ctx context.Context, recs []*disk.Recording, s *subjectRun, states int64, part shard) error {
	for i, cell := range s.cells {
		want := min(states, r.states-cell.Distinct)
		for n, rec := range recs {
			if r.full(s) {
				return nil
			}
			share := want / int64(len(recs)-n) // what one leaves the next may have
			if share <= 0 {
				continue
			}
			before := cell.Distinct
			if err := r.exploreOne(ctx, rec, s, i, share, part); err != nil {
				return err
			}
			want -= cell.Distinct - before
		}
	}
	return nil
}

// exploreOne explores a recording under one profile, and lives that follow its states.
func (r *diskRun) exploreOne(ctx context.Context, rec *disk.Recording, s *subjectRun, i int, states int64, part shard) error {
	cell := s.cells[i]
	x, err := r.exploration(rec, s, cell)
	if err != nil {
		return err
	}
	deep := r.nestedStates(rec, states)
	x.States, x.Shard, x.Shards = states-deep, part.i, part.n
	x.OnState = r.onState(cell, i)
	found := s.found
	if err := r.run1(ctx, rec, s, cell, x); err != nil {
		return err
	}
	if deep > 0 && !r.full(s) {
		if err := r.nested(ctx, rec, s, i, deep); err != nil {
			return err
		}
	}
	if s.found == found {
		if s.silent[rec.Dir] == nil {
			s.silent[rec.Dir] = map[explore.Profile]bool{}
		}
		s.silent[rec.Dir][x.Profile] = true
	}
	return nil
}

// exploration returns that of a recording under a cell's profile.
func (r *diskRun) exploration(rec *disk.Recording, s *subjectRun, cell *rundir.Cell) (*disk.Exploration, error) {
	judge, err := judgeOf(r.stage, r.self, rec)
	if err != nil {
		return nil, err
	}
	kind, err := disk.LookupFileSystem(rec.FileSystem)
	if err != nil {
		return nil, err
	}
	x := &disk.Exploration{
		Stage: r.stage, LogFile: rec.LogFile(), Log: rec.Log, Kind: kind, Judge: judge,
		Profile: explore.Profile(cell.Profile), Seed: r.seed, Workers: r.workers,
		Known: s.knows, Silent: s.silent[rec.Dir],
		OnDoubt: func(what string) { r.progress.Line("no finding: %s", what) },
		OnRefused: func(why string) {
			if cell.Refused == 0 {
				r.progress.Line("no verdict, the file system's own: %s", why)
			}
		},
	}
	if rec.Engine == "" {
		x.Role = explore.Patterns()
	}
	return x, nil
}

// onState returns what shows the progress of a cell.
func (r *diskRun) onState(cell *rundir.Cell, i int) func(int64) {
	start, before := time.Now(), cell.Distinct
	return func(distinct int64) {
		share := float64(before+distinct) / float64(r.states)
		r.progress.At((r.done+i)*diskSteps+int(min(share, 1)*diskSteps), fmt.Sprintf("%s %s %s: %d states, %.0f/s",
			cell.Engine, cell.FileSystem, cell.Profile, before+distinct, float64(distinct)/time.Since(start).Seconds()))
	}
}

// run1 runs an exploration until it has no more findings that are wanted.
func (r *diskRun) run1(ctx context.Context, rec *disk.Recording, s *subjectRun, cell *rundir.Cell, x *disk.Exploration) error {
	for {
		start := time.Now()
		counts, found, err := x.Run(ctx)
		cell.Add(&counts)
		cell.Seconds += time.Since(start).Seconds()
		x.States -= counts.Distinct
		if err != nil || found == nil && counts.Unconfirmed == 0 {
			return err
		}
		if x.Seed++; found == nil { // others than were seen
			if counts.Distinct == 0 || x.States <= 0 {
				return nil
			}
			continue
		}
		s.keep(&oracle.Violation{Rule: found.Rule, Detail: found.Detail})
		if err := r.keepLeast(ctx, rec, *x, cell, found); err != nil || r.full(s) {
			return err
		}
		if x.States <= 0 {
			return nil
		}
	}
}

// keep adds what only the run knows to a finding, and writes it down.
func (r *diskRun) keep(rec *disk.Recording, cell *rundir.Cell, f *rundir.Finding) (err error) {
	f.Key, f.Program = cell.Key, rec.Program
	if rec.Engine == "" {
		f.Program, f.Acked = ownText(rec), rec.Acked(f.Cut.Position)
	} else if f.History, _, err = rec.History(); err != nil {
		return err
	}
	var s disk.Scenario
	if err := json.Unmarshal(f.Scenario, &s); err != nil {
		return err
	}
	s.CheckCommand, s.Reopen = rec.CheckCommand, rec.Reopen
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

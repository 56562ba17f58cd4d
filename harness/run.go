// Package harness races engines. It expands a plan into cells (engine x workload x
// durability x threads, once a round), runs each cell in a fresh process on a fresh
// store, and leaves a run directory, which package result describes.
//
// Invariants:
//
//  1. No cell sees the store, the heap or the cached pages of another cell: each has a
//     process and a directory of its own, and both are gone before the next cell starts.
//     Only the cells of a sequence share them.
//  2. Nothing that was measured is dropped or replaced. A cell that may mislead has a
//     warning; a cell that failed says why.
//  3. Cells of different durability levels are never compared.
//
// Package journal continues a run that was interrupted.
package harness

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lsmlab/engines/kv"
	"lsmlab/harness/compare"
	"lsmlab/harness/drive"
	"lsmlab/harness/field"
	"lsmlab/harness/human"
	"lsmlab/harness/journal"
	"lsmlab/harness/machine"
	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// Runner runs a plan.
type Runner struct {
	Catalog Catalog
	Plan    result.Plan // checked by CheckPlan
	Dir     string      // the run directory; it is created if missing
	DataDir string      // where stores are made; empty means in Dir
	Resume  bool        // Dir may hold a part of the same plan
	Command []string    // that serves a cell, see ServeCell
	Stdout  io.Writer
	Stderr  io.Writer
	Again   string // command line that repeats the run, for env.json and advice

	journal *journal.Journal[result.Cell]
	report  *reporter
	before  int // cells that were there
}

// Run runs the cells that are missing. Its error is ErrFinding if a cell failed, or
// ErrInterrupted if ctx ended; or it says what is wrong with the request, the directory
// or the environment.
func (r *Runner) Run(ctx context.Context) error {
	specs, err := expand(r.Plan, r.refusal)
	if err != nil {
		return usagef("%w", err)
	}
	if r.journal, err = result.Races.Open(r.Dir, r.dataDir(), r.Plan, r.Resume); err != nil {
		return err
	}
	defer func() { _ = r.journal.Close() }() // every line was synced
	for _, w := range r.journal.Warnings {
		fmt.Fprintf(r.Stderr, "warning: %s\n", w)
	}
	if err := r.checkSpace(); err != nil {
		return err
	}
	if err := r.checkMemory(); err != nil {
		return err
	}
	env, err := r.environment(ctx)
	if err != nil {
		return err
	}
	total := 0
	for i := range specs {
		ids := specs[i].ids()
		total += len(ids)
		if r.journal.Done(ids...) {
			r.before += len(ids)
		}
	}
	r.report = newReporter(r.Stdout, r.Stderr, total, r.before)
	defer r.report.Finish()
	if r.DataDir != "" {
		defer func() { _ = os.Remove(r.dataDir()) }() // succeeds only if the directory is empty
	}
	r.announce(total, env)
	return r.conclude(r.journal.Run(ctx, r.tasks(specs, env), r.ended), env)
}

// refusal says why an engine cannot run a cell, according to its description, or "".
func (r *Runner) refusal(spec *CellSpec) string {
	if spec.Kind != "" {
		return ""
	}
	info, err := r.Catalog.Lookup(spec.Engine)
	if err != nil {
		return err.Error()
	}
	if _, ok := info.Options[spec.Durability.String()]; !ok {
		return fmt.Sprintf("%s does not give durability %s", spec.Engine, spec.Durability)
	}
	level := spec.Spec.Isolation.String()
	if _, ok := info.Isolations[level]; !spec.Open.Transactions || ok {
		return ""
	}
	gives := slices.DeleteFunc(isolationNames(), func(name string) bool { return info.Isolations[name] == "" })
	if len(gives) == 0 {
		return spec.Engine + " has no transactions"
	}
	return fmt.Sprintf("%s does not give isolation level %s; it gives %s", spec.Engine, level, strings.Join(gives, ", "))
}

// isolationNames are the names of all isolation levels, weakest first.
func isolationNames() (names []string) {
	for _, level := range kv.Isolations() {
		names = append(names, level.String())
	}
	return names
}

func (r *Runner) announce(total int, env result.Env) {
	p := r.Plan
	r.report.Line("%d cells: %d engines x %d workloads at their durabilities and thread counts x %d rounds, into %s",
		total, len(p.Engines), len(p.Workloads), p.Rounds, r.Dir)
	if r.before > 0 {
		r.report.Line("%d of them are there already", r.before)
	}
	if p.KindName() == "" {
		r.report.Line("harness: %.0f ns an operation on an engine that does nothing, %.0f of them to measure", env.HarnessNSPerOp, env.MeasureNSPerOp)
	}
}

// dataDir returns where stores are made. In a given directory, which other runs may
// share, it is a folder of this run, so that its leftovers can be recognised.
func (r *Runner) dataDir() string {
	if r.DataDir == "" {
		return r.Dir
	}
	path, err := filepath.Abs(r.Dir)
	if err != nil {
		path = r.Dir
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(path)) // Write of a hash never fails
	return filepath.Join(r.DataDir, fmt.Sprintf("lsmlab-%016x", h.Sum64()))
}

// checkSpace refuses to start a plan that certainly exceeds the disk. An LSM tree keeps
// several copies of a value for a while: four times the user's bytes is a modest
// estimate.
func (r *Runner) checkSpace() error {
	if r.DataDir != "" {
		if err := os.MkdirAll(r.dataDir(), 0o755); err != nil {
			return field.Wrong("run", "data", "%s: %w: give a directory that can be written", r.DataDir, err)
		}
	}
	free, err := machine.FreeBytes(r.dataDir())
	if err != nil {
		return err
	}
	need := 4*largestStore(r.Plan) + 64<<20
	if free < need {
		return field.Wrong("run", "data", "%s has %s free, this plan needs about %s: give a directory on another disk, or fewer keys",
			r.dataDir(), human.Bytes(free), human.Bytes(need))
	}
	return nil
}

// checkMemory says at once if the machine cannot limit the memory of cells.
func (r *Runner) checkMemory() error {
	if r.Plan.Memory == 0 {
		return nil
	}
	g, err := limitedGroup(r.Plan.Memory)
	if err != nil {
		return wrong("memory", "is %d, which cells cannot be held to here: %w", r.Plan.Memory, err)
	}
	return g.Remove()
}

// largestStore returns the most bytes of keys and values that a workload of the plan
// stores.
func largestStore(p result.Plan) (most int64) {
	if p.KindName() != "" {
		return 0
	}
	for _, name := range p.Workloads {
		if w, err := newWorkload(p, name); err == nil { // there is no error, as the plan was checked
			most = max(most, w.Spec().Keys*int64(w.Keys().Size+w.ValueSize()))
		}
	}
	return most
}

// environment calibrates the harness and writes env.json. A run that is continued keeps
// the one it has.
func (r *Runner) environment(ctx context.Context) (result.Env, error) {
	env := machine.Environment(r.dataDir())
	if old, err := result.ReadEnv(r.Dir); err == nil {
		for _, note := range old.Differences(env) {
			fmt.Fprintf(r.Stderr, "warning: resumed: %s\n", note)
		}
		if old.Commit != env.Commit || old.Dirty || env.Dirty {
			fmt.Fprintf(r.Stderr, "warning: resumed: the cells that are there may be of another build (%s)\n", old.Commit)
		}
		return old, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return env, err
	}
	env.Command = r.Again
	cost, err := drive.Calibrate(ctx)
	if err != nil {
		return env, fmt.Errorf("calibrate: %w", err)
	}
	env.HarnessNSPerOp, env.MeasureNSPerOp, env.ClockNS = cost.HarnessNSPerOp, cost.MeasureNSPerOp, cost.ClockNS
	for _, name := range r.Plan.Engines {
		info, err := r.engineInfo(name)
		if err != nil {
			return env, err
		}
		env.Engines = append(env.Engines, info)
	}
	if err := result.WriteEnv(r.Dir, env); err != nil {
		return env, journal.NotWritable(r.Dir, err)
	}
	return env, nil
}

func (r *Runner) engineInfo(name string) (result.EngineInfo, error) {
	kind := r.Plan.KindName()
	if kind == "" {
		return r.Catalog.Lookup(name)
	}
	k, err := r.Catalog.Kind(kind)
	if err != nil {
		return result.EngineInfo{}, wrong("kind", "is wrong: %w", err)
	}
	return contenderInfo(k, name)
}

// tasks returns one task for each process, in order.
func (r *Runner) tasks(specs []CellSpec, env result.Env) (tasks []journal.Task[result.Cell]) {
	for i := range specs {
		spec := &specs[i]
		spec.HarnessNS = env.HarnessNSPerOp
		tasks = append(tasks, r.task(spec))
	}
	return tasks
}

// ended reports the cells of a process that has ended. An error ends the run.
func (r *Runner) ended(cells []result.Cell) error {
	for _, c := range cells {
		r.report.cell(c)
	}
	if full := cells[0].Error; isNoSpaceText(full) {
		return usagef("a disk is full: %s: make room, or take another disk for the stores; then go on with: %s", full, journal.ResumeCommand(r.Again))
	}
	return nil
}

// runOne returns the result of one process: a cell for each stage. If the process
// fails, all its cells fail, because the earlier figures of a broken store or process
// cannot be trusted. An error ends the run.
func (r *Runner) runOne(ctx context.Context, spec *CellSpec) ([]result.Cell, error) {
	if spec.Refused != "" {
		return spec.blanks(result.StatusUnsupported, spec.Refused), nil
	}
	store, err := os.MkdirTemp(r.dataDir(), "store-")
	if err != nil {
		return nil, field.Wrong("run", "data", "%s: %w: give a directory that can be written", r.dataDir(), err)
	}
	if spec.RunDir, err = filepath.Abs(r.Dir); err != nil {
		return nil, err
	}
	if spec.StoreDir, err = filepath.Abs(store); err != nil {
		return nil, err
	}
	cells, err := r.runProcesses(ctx, *spec)
	if rmErr := os.RemoveAll(store); rmErr != nil && err == nil {
		return nil, rmErr
	}
	var failed *errCell
	if errors.As(err, &failed) {
		cells = spec.blanks(result.StatusFailed, human.OneLine(failed.text))
		cells[0].Stderr = failed.stderr
		return cells, nil
	}
	return cells, err
}

// runProcesses runs the process of spec. If the workload has to find a store that was
// killed, it first runs the process that fills that store.
func (r *Runner) runProcesses(ctx context.Context, spec CellSpec) ([]result.Cell, error) {
	c := child{command: r.Command, spec: spec, report: func(m message) {
		if m.Phase != "" {
			r.report.at(spec, r.before, m.Phase, m.Done)
		}
	}}
	if spec.Kind == "" {
		w, err := workloads.New(spec.Spec)
		if err != nil {
			return nil, err
		}
		if w.Killed() {
			c.spec.FillAndDie = true
			if _, err := c.run(ctx); err != nil {
				return nil, err
			}
			c.spec.FillAndDie = false
		}
	}
	return c.run(ctx)
}

// conclude flags outliers, writes bench.txt, and says how the run ended.
func (r *Runner) conclude(runErr error, env result.Env) error {
	cells, err := r.journal.All()
	if err != nil {
		return errors.Join(runErr, err)
	}
	for _, i := range compare.Outliers(cells) {
		if err := r.journal.Append(cells[i]); err != nil {
			return errors.Join(runErr, err)
		}
	}
	if err := result.WriteBench(r.Dir, env, cells); err != nil {
		return errors.Join(runErr, err)
	}
	r.report.Finish()
	if errors.Is(runErr, context.Canceled) || errors.Is(runErr, context.DeadlineExceeded) {
		fmt.Fprintf(r.Stderr, "interrupted: %d of %d cells are in %s; go on with: %s\n",
			r.journal.Sound(), r.report.total, r.Dir, journal.ResumeCommand(r.Again))
		return ErrInterrupted
	}
	if runErr != nil {
		return runErr
	}
	return r.verdict(cells)
}

func (r *Runner) verdict(cells []result.Cell) error {
	var failed, flagged int
	for _, c := range cells {
		if c.Status == result.StatusFailed {
			failed++
		}
		if c.OK() && len(c.Warnings) > 0 {
			flagged++
		}
	}
	if flagged > 0 {
		fmt.Fprintf(r.Stdout, "%d of %d cells carry warnings (in cells.jsonl); all are counted\n", flagged, len(cells))
	}
	if failed > 0 {
		return fmt.Errorf("%w: %d of %d cells failed; their errors are in %s; run them again by: %s",
			ErrFinding, failed, len(cells), filepath.Join(r.Dir, "cells.jsonl"), journal.ResumeCommand(r.Again))
	}
	fmt.Fprintf(r.Stdout, "results are in %s\n", r.Dir)
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/display"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/vm"
	"lsmlab/powerfail/vm/kernel"
)

// vmRun is a run of cells.
type vmRun struct {
	*vmFlags
	*crashRun
	lab      *vm.Lab
	progress *display.Display
	table    vmTable
	failed   int // cells that could not be run
}

func (a *app) crashVM(c *cobra.Command, f *vmFlags) error {
	cells, err := f.cells()
	if err != nil {
		return err
	}
	lab, err := newVMLab(c.Context(), f.init, f.cold)
	if err != nil {
		return &harness.UsageError{Text: "crash vm: " + err.Error()}
	}
	defer func() { _ = lab.Close() }() // it holds memory alone
	run, err := f.begin(c, vmTier, "crash-vm")
	if err != nil {
		return err
	}
	for _, k := range kernel.Pinned() {
		run.run.Versions["kernel "+k.Name] = k.Package + " " + k.Version
	}
	r := &vmRun{vmFlags: f, crashRun: run, lab: lab, progress: display.New(a.stdout, a.stderr, len(cells))}
	for i, cell := range cells {
		if c.Context().Err() != nil {
			break
		}
		r.progress.At(i, fmt.Sprintf("%s %s", cell.engine, cell.Cell))
		if err := r.cell(c.Context(), cell); err != nil {
			return errors.Join(err, run.end(true))
		}
	}
	r.progress.Finish()
	return r.finish(c.Context(), a.stdout)
}

// newVMLab prepares what runs in the guest: this very program.
func newVMLab(ctx context.Context, init string, cold bool) (*vm.Lab, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if init == "" {
		init = filepath.Join(filepath.Dir(self), "lsmlab-init")
	}
	return vm.NewLab(ctx, vm.Options{Program: self, Env: guestEnvironment(), Init: init, Cold: cold})
}

// guestEnvironment is what the program in the guest needs of this one's.
func guestEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return !strings.HasPrefix(v, "LSMLAB_") })
}

// vmScenario is what a cell needs to be run again, beside its program.
type vmScenario struct {
	Cell   vm.Cell `json:"cell"`
	States int     `json:"states"`
	Seed   uint64  `json:"seed"`
}

// vmWorkload is a program and the commands that run and judge it in the guest.
func vmWorkload(engine, bug string, p *program.Program, s vmScenario) vm.Workload {
	store := []string{"--engine", engine, "--dir", vm.StoreDir, "--small"}
	if bug != "" {
		store = append(store, "--bug", bug)
	}
	return vm.Workload{
		Worker:  append([]string{"crash", "worker", "--program", vm.ProgramFile}, store...),
		Check:   append(append([]string{"crash", "check", "--history", vm.HistoryFile}, store...), "--position"),
		Program: p, States: s.States, Seed: s.Seed,
	}
}

// cell runs one cell. One that can't be run is counted, and the others go on.
func (r *vmRun) cell(ctx context.Context, c vmCell) error {
	key := rundir.Key{Engine: c.engine, FileSystem: c.FS + " of Linux " + c.Kernel, Profile: c.Method, Bug: r.bug}
	s := vmScenario{Cell: c.Cell, States: int(r.states), Seed: r.seed}
	p := program.Generate(r.seed, program.Shape{Durability: kv.Synced, Writes: r.writes})
	start := time.Now()
	o, err := r.lab.Run(ctx, c.Cell, vmWorkload(c.engine, r.bug, p, s))
	switch {
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, vm.ErrNotApplicable):
		r.table.set(c, "n/a")
		return nil
	case err != nil:
		r.failed++
		r.table.set(c, "failed")
		r.progress.Line("%s: %v", c.engine, err)
		return nil
	}
	cell := rundir.Cell{Key: key, Counts: vmCounts(c.Method, o), Seconds: time.Since(start).Seconds()}
	broken := o.Broken()
	r.table.set(c, tableText(o.Distinct, len(broken)))
	if len(broken) > 0 { // the first tells enough
		f, err := vmFinding(key, p, s, o, broken[0])
		if err == nil {
			err = r.report(r.progress.Line, f)
		}
		if err != nil {
			return err
		}
	}
	return r.add(r.progress.Line, cell)
}

func vmCounts(method string, o *vm.Outcome) explore.Counts {
	n := int64(o.Distinct)
	counts := explore.Counts{
		Programs: 1, Explored: int64(o.Explored), Distinct: n, Depths: []int64{n},
		Coverage: map[string]int64{method + " disk": n},
	}
	for _, j := range o.Broken() {
		explore.Count(&counts.Violations, string(j.Verdict.Broken.Rule), 1)
	}
	return counts
}

func vmFinding(key rundir.Key, p *program.Program, s vmScenario, o *vm.Outcome, j vm.Judged) (rundir.Finding, error) {
	scenario, err := json.Marshal(s)
	return rundir.Finding{
		Tier: vmTier, Key: key, Rule: j.Verdict.Broken.Rule, Detail: j.Verdict.Broken.Detail,
		Cut: j.Cut, Depth: 1, Lost: []rundir.Loss{{What: j.State}},
		Scenario: scenario, Program: p.String(), History: o.History, Trail: j.Trail,
	}, err
}

// replayVM runs the cell of a finding again. Machines do not do the same twice to
// the microsecond, so another state may show the rule broken.
func replayVM(ctx context.Context, f *rundir.Finding) (*rundir.Finding, explore.Counts, error) {
	var s vmScenario
	if err := json.Unmarshal(f.Scenario, &s); err != nil {
		return nil, explore.Counts{}, fmt.Errorf("scenario of the finding: %w", err)
	}
	p, err := program.Parse(f.Program)
	if err != nil {
		return nil, explore.Counts{}, err
	}
	lab, err := newVMLab(ctx, "", false)
	if err != nil {
		return nil, explore.Counts{}, err
	}
	defer func() { _ = lab.Close() }() // it holds memory alone
	w := vmWorkload(f.Engine, f.Bug, p, s)
	w.Enough = func(broken *oracle.Violation) bool { return broken.Rule == f.Rule }
	o, err := lab.Run(ctx, s.Cell, w)
	if err != nil {
		return nil, explore.Counts{}, err
	}
	for _, j := range o.Broken() {
		if j.Verdict.Broken.Rule == f.Rule {
			found, err := vmFinding(f.Key, p, s, o, j)
			found.Command = f.Command
			return &found, vmCounts(s.Cell.Method, o), err
		}
	}
	return nil, vmCounts(s.Cell.Method, o), nil
}

// finish draws the table, also into the run directory, and says what came of it.
func (r *vmRun) finish(ctx context.Context, out io.Writer) error {
	text := r.table.String()
	fmt.Fprintln(out, text)
	if err := os.WriteFile(filepath.Join(r.dir.Path(), "matrix.txt"), []byte(text), 0o644); err != nil {
		return err
	}
	err := r.crashRun.finish(ctx, out)
	if r.failed > 0 && (err == nil || errors.Is(err, errNothing)) {
		return &harness.UsageError{Text: fmt.Sprintf("crash vm: %d cells could not be run, see above", r.failed)}
	}
	return err
}

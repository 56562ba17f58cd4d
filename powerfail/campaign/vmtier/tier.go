// Package vmtier runs campaigns of tier 3: engines in virtual machines.
package vmtier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/wal"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/engineset"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/vm"
	"lsmlab/powerfail/vm/kernel"
)

// Name is that of the tier in results.
const Name = "vm"

// Tier runs cells, one after the other.
type Tier struct {
	*campaign.Options
	Cells  []Cell
	Writes int // of the program
	Lab    *vm.Lab

	table table
}

// Cell is one cell with its engine.
type Cell struct {
	vm.Cell
	Engine string
}

// Name implements [campaign.Tier].
func (t *Tier) Name() string { return Name }

// Steps implements [campaign.Tier].
func (t *Tier) Steps() int { return len(t.Cells) }

// Versions implements [campaign.Tier].
func (t *Tier) Versions() map[string]string {
	v := map[string]string{}
	for _, k := range kernel.Pinned() {
		v["kernel "+k.Name] = k.Package + " " + k.Version
	}
	return v
}

// Explore implements [campaign.Tier]. At the end it draws the table of all cells, also
// into the run directory.
func (t *Tier) Explore(ctx context.Context, r *campaign.Run) error {
	for i, c := range t.Cells {
		if ctx.Err() != nil {
			break
		}
		r.At(i, fmt.Sprintf("%s %s", c.Engine, c.Cell))
		if err := t.cell(ctx, r, c); err != nil {
			return err
		}
	}
	text := t.table.String()
	r.Line("%s", text)
	return os.WriteFile(filepath.Join(r.Dir.Path(), "matrix.txt"), []byte(text), 0o644)
}

// NewLab prepares what runs in the guest: the program at self. init "" is lsmlab-init
// beside it.
func NewLab(ctx context.Context, self, init string, cold bool) (*vm.Lab, error) {
	if init == "" {
		init = filepath.Join(filepath.Dir(self), "lsmlab-init")
	}
	return vm.NewLab(ctx, vm.Options{Program: self, Env: guestEnvironment(), Init: init, Cold: cold})
}

// guestEnvironment is what the program in the guest needs of this one's.
func guestEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return !strings.HasPrefix(v, "LSMLAB_") })
}

// Scenario is what a cell needs to be run again, beside its program.
type Scenario struct {
	Cell   vm.Cell `json:"cell"`
	States int     `json:"states"`
	Seed   uint64  `json:"seed"`
}

// Workload is a program and the commands that run and judge it in the guest.
func Workload(engine, bug string, p *program.Program, s Scenario) vm.Workload {
	store := []string{"--engine", engine, "--dir", vm.StoreDir, "--small"}
	if bug != "" {
		store = append(store, "--bug", bug)
	}
	return vm.Workload{
		Worker:  append([]string{"crash", "worker", "--program", vm.ProgramFile}, store...),
		Check:   append(append([]string{"crash", "check", "--history", vm.HistoryFile}, store...), "--position"),
		Program: p, States: s.States, Seed: s.Seed, LogHeader: wal.IsSegment,
	}
}

// cell runs one cell, unless an earlier go of the run did, and takes it into the table.
func (t *Tier) cell(ctx context.Context, r *campaign.Run, c Cell) error {
	cell := rundir.Cell{Key: rundir.Key{Engine: c.Engine, FileSystem: c.FS + " of Linux " + c.Kernel, Profile: c.Method, Bug: t.Bug}}
	text := "failed" // in the table
	err := r.Do(ctx, fmt.Sprintf("%s %s", c.Engine, c.Cell), campaign.Memory{Cells: []*rundir.Cell{&cell}, State: &text}, func() error {
		return t.cut(ctx, r, c, &cell, &text)
	})
	if err != nil || cell.Explored == 0 && ctx.Err() != nil {
		return err
	}
	t.table.set(c, text)
	if cell.Programs == 0 {
		return nil // not applicable, or not run
	}
	return r.Add(cell)
}

// cut cuts the power of one cell, and sets the cell and its text in the table. One that
// can't be run is said to have failed, and the others go on.
func (t *Tier) cut(ctx context.Context, r *campaign.Run, c Cell, cell *rundir.Cell, text *string) error {
	s := Scenario{Cell: c.Cell, States: int(t.States), Seed: t.Seed}
	p := program.Generate(t.Seed, program.Shape{
		Durability: kv.Synced, Writes: t.Writes, Levels: engineset.TxnLevels(c.Engine, t.Levels), RangeDeletes: engineset.TakesRangeDeletes(c.Engine),
	})
	start := time.Now()
	o, err := t.Lab.Run(ctx, c.Cell, Workload(c.Engine, t.Bug, p, s))
	switch {
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, vm.ErrNotApplicable):
		*text = "n/a"
		return nil
	case program.Broken(err) != nil:
		*text = "not isolated"
		f, err := unisolated(cell.Key, p, s, program.Broken(err))
		if err != nil {
			return err
		}
		cell.Programs = 1
		explore.Count(&cell.Violations, string(f.Rule), 1)
		return r.Report(f)
	case err != nil:
		r.Line("%s: %v", c.Engine, err)
		return campaign.ErrFailed
	}
	cell.Counts, cell.Seconds = counts(c.Method, o), time.Since(start).Seconds()
	broken := o.Broken()
	*text = tableText(o.Distinct, len(broken))
	if len(broken) == 0 {
		return nil
	}
	f, err := finding(cell.Key, p, s, o, broken[0]) // the first tells enough
	if err != nil {
		return err
	}
	return r.Report(f)
}

func counts(method string, o *vm.Outcome) explore.Counts {
	n := int64(o.Distinct)
	all := explore.Counts{
		Programs: 1, Explored: int64(o.Explored), Distinct: n, Depths: []int64{n},
		Coverage: map[string]int64{method + " disk": n},
	}
	for _, j := range o.Broken() {
		explore.Count(&all.Violations, string(j.Verdict.Broken.Rule), 1)
	}
	return all
}

func finding(key rundir.Key, p *program.Program, s Scenario, o *vm.Outcome, j vm.Judged) (rundir.Finding, error) {
	scenario, err := json.Marshal(s)
	return rundir.Finding{
		Tier: Name, Key: key, Rule: j.Verdict.Broken.Rule, Detail: j.Verdict.Broken.Detail,
		Cut: j.Cut, Depth: 1, Lost: []rundir.Loss{{What: j.State}},
		Scenario: scenario, Program: p.String(), History: o.History, Choices: j.Choices,
	}, err
}

// unisolated returns the finding that transactions of a scenario were not isolated.
func unisolated(key rundir.Key, p *program.Program, s Scenario, broken *oracle.Violation) (rundir.Finding, error) {
	scenario, err := json.Marshal(s)
	f := campaign.Unisolated(Name, key, p.String(), broken)
	f.Scenario = scenario
	return f, err
}

// Replay implements [campaign.Replayer]: it runs the cell of a finding again. Machines do not do the same twice to
// the microsecond, so another state may show the rule broken.
func (t *Tier) Replay(ctx context.Context, f *rundir.Finding) (*rundir.Finding, explore.Counts, error) {
	var s Scenario
	if err := json.Unmarshal(f.Scenario, &s); err != nil {
		return nil, explore.Counts{}, fmt.Errorf("scenario of the finding: %w", err)
	}
	p, err := program.Parse(f.Program)
	if err != nil {
		return nil, explore.Counts{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, explore.Counts{}, err
	}
	lab, err := NewLab(ctx, self, "", false)
	if err != nil {
		return nil, explore.Counts{}, err
	}
	defer func() { _ = lab.Close() }() // it holds memory alone
	w := Workload(f.Engine, f.Bug, p, s)
	w.Enough = func(broken *oracle.Violation) bool { return broken.Rule == f.Rule }
	o, err := lab.Run(ctx, s.Cell, w)
	if broken := program.Broken(err); broken != nil && f.Rule == broken.Rule {
		found, err := unisolated(f.Key, p, s, broken)
		found.Command = f.Command
		return &found, explore.Counts{Programs: 1}, err
	}
	if err != nil {
		return nil, explore.Counts{}, err
	}
	for _, j := range o.Broken() {
		if j.Verdict.Broken.Rule == f.Rule {
			found, err := finding(f.Key, p, s, o, j)
			found.Command = f.Command
			return &found, counts(s.Cell.Method, o), err
		}
	}
	return nil, counts(s.Cell.Method, o), nil
}

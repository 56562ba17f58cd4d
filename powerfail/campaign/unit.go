package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
)

// Memory is what a tier remembers of the work so far. A unit may change it. A run that is
// resumed restores it as it was after the last unit.
type Memory struct {
	Cells []*rundir.Cell // that the unit explores
	State any            // a pointer to what else the tier must know; nil: nothing
}

// ErrFailed is returned by the work of a unit that could not be run. The run goes on
// without the unit, and a resumed run tries it again.
var ErrFailed = errors.New("the unit could not be run")

// Do does one unit of the run, by calling work. If the run is resumed and had done this
// unit, Do restores m as it was after the unit, and does not call work. id is the name of
// the unit within the run. Do writes the outcome to the journal before it returns. If ctx
// has ended by the time work returns, the unit counts as interrupted: its counts and
// findings stand until a resumed run does the unit again.
//
// So a tier can be resumed where it was interrupted if it does its work by units, in an
// order that follows from its options and its memory alone.
func (r *Run) Do(ctx context.Context, id string, m Memory, work func() error) error {
	if u, ok := r.journal.Last(id); ok && !u.Failed() {
		return r.recall(&u, m)
	}
	r.unit = &rundir.Unit{ID: id, Status: rundir.UnitDone}
	defer func() { r.unit = nil }()
	err := work()
	switch {
	case ctx.Err() != nil:
		r.unit.Status = rundir.UnitCut
	case errors.Is(err, ErrFailed):
		r.unit.Status, err = rundir.UnitFailed, nil
		r.Failed++
	case err != nil:
		return errors.Join(err, r.keep(m)) // no line: the run ends here
	}
	for _, c := range m.Cells {
		r.unit.Cells = append(r.unit.Cells, *c)
	}
	if m.State != nil {
		state, e := json.Marshal(m.State)
		if e != nil {
			return errors.Join(err, e)
		}
		r.unit.State = state
	}
	return errors.Join(err, r.journal.Append(*r.unit), r.keep(m))
}

// keep writes the cells of a unit to the run directory.
func (r *Run) keep(m Memory) error {
	for _, c := range m.Cells {
		if c.Explored > 0 || len(c.Violations) > 0 {
			r.put(*c)
		}
	}
	return r.Dir.SetCells(r.Cells)
}

// recall restores m as it was after a unit.
func (r *Run) recall(u *rundir.Unit, m Memory) error {
	if len(u.Cells) != len(m.Cells) {
		return fmt.Errorf("unit %q of %s has %d cells and is to have %d: it is of another version of lsmlab; give another directory", u.ID, r.Dir.Path(), len(u.Cells), len(m.Cells))
	}
	for i := range u.Cells {
		*m.Cells[i] = u.Cells[i]
	}
	r.Found += len(u.Findings)
	if m.State != nil {
		if err := json.Unmarshal(u.State, m.State); err != nil {
			return fmt.Errorf("state of unit %q of %s: %w", u.ID, r.Dir.Path(), err)
		}
	}
	return r.keep(m)
}

// putBack makes the findings that were set aside findings of the run again. It leaves out
// those for which the run has another finding with the same cell and rule.
func (r *Run) putBack() error {
	aside, err := rundir.Aside(r.Dir.Path())
	if err != nil || len(aside) == 0 {
		return err
	}
	_, _, met, err := rundir.Read(r.Dir.Path())
	if err != nil {
		return err
	}
	for _, dir := range aside {
		f, err := rundir.ReadFinding(dir)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(met, func(o rundir.Finding) bool { return o.Key == f.Key && o.Rule == f.Rule }) {
			if err := r.putBackOne(&f); err != nil {
				return err
			}
			met = append(met, f)
		}
	}
	return rundir.RemoveAside(r.Dir.Path())
}

func (r *Run) putBackOne(f *rundir.Finding) error {
	r.Line("a part that was cut had a finding, which the same part did not show again:")
	f.Command = "" // it replays the directory that is now made
	if err := r.Report(*f); err != nil {
		return err
	}
	cell := rundir.Cell{Key: f.Key}
	if i := slices.IndexFunc(r.Cells, func(c rundir.Cell) bool { return c.Key == f.Key }); i >= 0 {
		cell = r.Cells[i]
	}
	explore.Count(&cell.Violations, string(f.Rule), 1)
	r.put(cell)
	return r.Dir.SetCells(r.Cells)
}

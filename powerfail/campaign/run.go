package campaign

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"lsmlab/harness/journal"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
)

// Progress shows how far a run is. It is used by one goroutine at a time.
type Progress interface {
	// At says that so many steps of all are done, and what is being done.
	At(steps int, what string)
	// Line prints a line that stays.
	Line(format string, args ...any)
}

// Run is a run directory that is being filled. It is used by one goroutine at a time.
type Run struct {
	Progress
	Dir    *rundir.Dir
	Info   rundir.Run
	Cells  []rundir.Cell // as far as they are explored
	Found  int           // findings written down
	Failed int           // cells that could not be run
	// Notes say what a run that goes on left out or met otherwise than it was.
	Notes []string
	// Chain, if not nil, looks into the store that a finding's crash left.
	Chain func(*rundir.Finding) (*rundir.Chain, error)

	journal *journal.Journal[rundir.Unit]
	unit    *rundir.Unit // under way; nil between units
}

// Begin makes the run directory at path, or with resume goes on with the run that is
// there, which plan must agree with. [Run.Close] must follow.
func Begin(path string, info rundir.Run, plan rundir.Plan, resume bool) (*Run, error) {
	j, err := rundir.Journal.Open(path, path, plan, resume)
	if err != nil {
		return nil, err
	}
	r := &Run{Info: info, Notes: j.Warnings, journal: j}
	if err := r.goOn(path); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return r, nil
}

// goOn takes over what an earlier go left of this run: when it started, and findings of
// units that were cut, which are set aside. Then it writes run.json.
func (r *Run) goOn(path string) error {
	units, err := r.journal.All()
	if err != nil {
		return err
	}
	var known []string
	for _, u := range units {
		if !u.Failed() {
			known = append(known, u.Findings...)
		}
	}
	if err := rundir.SetAside(path, known); err != nil {
		return err
	}
	if before, there, err := rundir.ReadRun(path); err != nil {
		return err
	} else if there {
		r.Notes = append(r.Notes, differences(before.Versions, r.Info.Versions)...)
		r.Info.Started, r.Info.Versions, r.Info.Command = before.Started, before.Versions, before.Command
	}
	if r.Dir, err = rundir.Reopen(path); err != nil {
		return err
	}
	return r.Dir.SetRun(r.Info)
}

// differences says in which versions a run that goes on differs from what it was.
func differences(before, now map[string]string) (notes []string) {
	names := map[string]string{}
	maps.Copy(names, before)
	maps.Copy(names, now)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if before[name] != now[name] {
			notes = append(notes, fmt.Sprintf("--resume: %s is %q now, and was %q for what is there", name, now[name], before[name]))
		}
	}
	return notes
}

// Close gives the directory back.
func (r *Run) Close() error { return r.journal.Close() }

// Done returns how many units were done when the run was begun, or since then.
func (r *Run) Done() int { return r.journal.Sound() }

// Report writes a finding down and says it in a few lines.
func (r *Run) Report(f rundir.Finding) (err error) {
	if r.Chain != nil {
		if f.Chain, err = r.Chain(&f); err != nil {
			return err
		}
	}
	dir, err := r.Dir.AddFinding(f)
	if err != nil {
		return err
	}
	r.Found++
	if r.unit != nil {
		r.unit.Findings = append(r.unit.Findings, filepath.Base(dir))
	}
	f.Command = "lsmlab crash replay " + dir
	r.Line("%s", FindingText(&f))
	return nil
}

// Add ends a cell: it writes the cell down and prints its line.
func (r *Run) Add(c rundir.Cell) error {
	r.put(c)
	r.Line("%s", CellLine(&c))
	return r.Dir.SetCells(r.Cells)
}

// put takes what a cell is by now.
func (r *Run) put(c rundir.Cell) {
	for i := range r.Cells {
		if r.Cells[i].Key == c.Key {
			r.Cells[i] = c
			return
		}
	}
	r.Cells = append(r.Cells, c)
}

// End writes when the run ended. Findings of units that had been cut, and were not met
// again, are findings of the run all the same.
func (r *Run) End(stopped bool) error {
	if err := r.putBack(); err != nil {
		return err
	}
	r.Info.Ended, r.Info.Stopped = time.Now(), stopped
	return r.Dir.SetRun(r.Info)
}

// Total adds up the cells.
func (r *Run) Total() (total explore.Counts) {
	for i := range r.Cells {
		total.Add(&r.Cells[i].Counts)
	}
	return total
}

// Summary prints what was covered, and what a bug must be like to have been missed.
func (r *Run) Summary(out io.Writer) {
	total := r.Total()
	printCoverage(out, &total)
	if bound := rundir.Bound(r.Cells); bound != "" {
		fmt.Fprintln(out, bound)
	}
}

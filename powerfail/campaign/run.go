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
	// At shows how many of all steps are done, and the present step.
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
	// Notes say what a resumed run left out, and what differs from its first start.
	Notes []string
	// Chain, if not nil, reads which LSNs are in the store of a finding.
	Chain func(*rundir.Finding) (*rundir.Chain, error)

	journal *journal.Journal[rundir.Unit]
	unit    *rundir.Unit // under way; nil between units
}

// Begin makes the run directory at path. With resume it goes on with the run that is
// there, and refuses a plan that differs from that run's. The caller calls [Run.Close].
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

// goOn takes over the start time of a run that is resumed, and sets the findings of its
// interrupted units aside. Then it writes run.json.
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

// differences says which versions differ from those at the first start of the run.
func differences(before, now map[string]string) (notes []string) {
	names := map[string]string{}
	maps.Copy(names, before)
	maps.Copy(names, now)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if before[name] != now[name] {
			notes = append(notes, fmt.Sprintf("resumed: %s is %q now, and was %q for what is there", name, now[name], before[name]))
		}
	}
	return notes
}

// Close releases the run directory.
func (r *Run) Close() error { return r.journal.Close() }

// Done returns how many units were done when the run was begun, or since then.
func (r *Run) Done() int { return r.journal.Sound() }

// Report writes a finding to the run directory, and prints it in a few lines.
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

// put replaces a cell by its present state, or adds it.
func (r *Run) put(c rundir.Cell) {
	for i := range r.Cells {
		if r.Cells[i].Key == c.Key {
			r.Cells[i] = c
			return
		}
	}
	r.Cells = append(r.Cells, c)
}

// End writes the time at which the run ended. Findings of interrupted units that did not
// show again are kept as findings of the run.
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

// Summary prints what was covered, and which bugs may have been missed all the same.
func (r *Run) Summary(out io.Writer) {
	total := r.Total()
	printCoverage(out, &total)
	if bound := rundir.Bound(r.Cells); bound != "" {
		fmt.Fprintln(out, bound)
	}
}

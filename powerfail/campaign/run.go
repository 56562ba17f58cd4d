package campaign

import (
	"fmt"
	"io"
	"time"

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
	Cells  []rundir.Cell // ended
	Found  int           // findings written down
	Failed int           // cells that could not be run
	// Chain, if not nil, looks into the store that a finding's crash left.
	Chain func(*rundir.Finding) (*rundir.Chain, error)
}

// Begin makes the run directory at path.
func Begin(path string, info rundir.Run) (r *Run, err error) {
	r = &Run{Info: info}
	r.Dir, err = rundir.Create(path, info)
	return r, err
}

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
	f.Command = "lsmlab crash replay " + dir
	r.Line("%s", FindingText(&f))
	return nil
}

// Add writes a cell down and prints its line.
func (r *Run) Add(c rundir.Cell) error {
	r.Cells = append(r.Cells, c)
	r.Line("%s", CellLine(&c))
	return r.Dir.AddCell(c)
}

// End writes when the run ended.
func (r *Run) End(stopped bool) error {
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

// Package verdict tells what a page for a decision rests on: which runs, each in a directory
// of its own, and how each of them ended. A run is a race (also of sustained rates, and of
// openings), a crash test or a probe of isolation levels.
//
//	verdict-plan.json  which runs, and of which engines
//	parts.jsonl        a line for each run that has ended
//	verdict.json       the table of the page, made by package reports/verdict from the runs alone
package verdict

import (
	"path/filepath"
	"slices"

	"lsmlab/harness/journal"
	"lsmlab/harness/result"
)

// Kind is what a part is.
type Kind string

// The kinds of parts.
const (
	Race      Kind = "race"
	Crash     Kind = "crash"
	Isolation Kind = "isolation"
)

// The sizes of runs that are made for a verdict.
const (
	Full  = "full"  // within an hour
	Quick = "quick" // minutes: it shows that everything works
)

// Files of the directory of a verdict.
const (
	PlanName  = "verdict-plan.json"
	PartsName = "parts.jsonl"
	TableName = "verdict.json"
)

// Plan says which runs a verdict rests on.
type Plan struct {
	Engines []string `json:"engines"`        // the rows of the table, in order
	Size    string   `json:"size,omitempty"` // of the runs; empty if they were there before
	Command string   `json:"command"`        // the line that made the verdict
	Parts   []Part   `json:"parts"`
}

// Part is one run.
type Part struct {
	Kind   Kind   `json:"kind"`
	Dir    string `json:"dir"`              // relative to the directory of the verdict, with slashes
	Engine string `json:"engine,omitempty"` // the only one of the run; empty: several
}

// Path returns where the run is, for the verdict in a directory.
func (p Part) Path(dir string) string { return filepath.Join(dir, filepath.FromSlash(p.Dir)) }

// Inside says whether the run belongs to the verdict: runs elsewhere were made by others.
func (p Part) Inside() bool { return filepath.IsLocal(filepath.FromSlash(p.Dir)) }

// Difference implements [journal.Plan]. The command may differ, as it says where results go
// and how they are shown.
func (p Plan) Difference(o Plan) (field string, mine, theirs any, differs bool) {
	switch {
	case p.Size != o.Size:
		return "size", p.Size, o.Size, true
	case !slices.Equal(p.Engines, o.Engines):
		return "engines", p.Engines, o.Engines, true
	case !slices.Equal(p.Parts, o.Parts):
		return "parts", p.Parts, o.Parts, true
	}
	return "", nil, nil, false
}

// Done is the line of a part that has ended.
type Done struct {
	Dir    string `json:"dir"`             // of the part
	Status string `json:"status"`          // one of those of a cell
	Error  string `json:"error,omitempty"` // why the part failed, or is not supported here
	// Finding says that an engine breaks a promise.
	Finding bool `json:"finding,omitempty"`
}

// Key implements [journal.Line].
func (d Done) Key() (id, status string) { return d.Dir, d.Status }

// Failed implements [journal.Line]. What is not supported counts too, so that --resume tries
// the part again: the machine may have changed.
func (d Done) Failed() bool { return d.Status != result.StatusOK }

// Files says what a verdict keeps on disk.
var Files = journal.Kind[Plan, Done]{
	Plan: PlanName, Lines: PartsName,
	Read:  ReadPlan,
	Write: func(dir string, p Plan) error { return journal.WriteJSON(filepath.Join(dir, PlanName), p) },
}

// ReadPlan reads the plan of a verdict.
func ReadPlan(dir string) (p Plan, err error) {
	err = journal.ReadJSON(filepath.Join(dir, PlanName), &p, true)
	return p, err
}

// ReadDone returns the last line of each part that has ended, by its directory, and what was
// left out of the file.
func ReadDone(dir string) (done map[string]Done, warnings []string, err error) {
	lines, warnings, err := journal.ReadLines[Done](filepath.Join(dir, PartsName))
	done = map[string]Done{}
	for _, l := range lines {
		done[l.Dir] = l
	}
	return done, warnings, err
}

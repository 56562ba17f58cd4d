package rundir

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"lsmlab/harness/journal"
)

// Files of a run that can go on after it was cut.
const (
	planFile  = "campaign.json"
	unitsFile = "units.jsonl"
	cutName   = "cut" // directory of the findings of units that were cut
)

// Journal is the kind of journal that crash runs keep.
var Journal = journal.Kind[Plan, Unit]{
	Plan: planFile, Lines: unitsFile, Folders: []string{findingsName},
	Read: func(dir string) (p Plan, err error) {
		return p, journal.ReadJSON(filepath.Join(dir, planFile), &p, true)
	},
	Write: func(dir string, p Plan) error { return journal.WriteJSON(filepath.Join(dir, planFile), p) },
}

// Plan is what a crash run was asked for.
type Plan struct {
	Tier string `json:"tier"`
	Seed uint64 `json:"seed"`
	// Flags are the values of all flags that shape the work, by name.
	Flags map[string]string `json:"flags"`
}

// Difference implements [journal.Plan].
func (p Plan) Difference(o Plan) (field string, mine, theirs any, differs bool) {
	if p.Tier != o.Tier {
		return "the tier", p.Tier, o.Tier, true
	}
	if p.Seed != o.Seed {
		return "--seed", p.Seed, o.Seed, true
	}
	names := map[string]string{} // a flag that only one of the two knows differs too
	maps.Copy(names, o.Flags)
	maps.Copy(names, p.Flags)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if p.Flags[name] != o.Flags[name] {
			return "--" + name, quoted(p.Flags[name]), quoted(o.Flags[name]), true
		}
	}
	return "", nil, nil, false
}

// quoted returns what stands for a flag's value in a text.
func quoted(value string) string {
	if value == "" {
		return "not given"
	}
	return value
}

// SeedOf returns the seed of the run in a directory; known is false if no run is there.
func SeedOf(dir string) (seed uint64, known bool, err error) {
	p, err := Journal.Read(dir)
	if errors.Is(err, os.ErrNotExist) {
		return 0, false, nil
	}
	return p.Seed, err == nil, err
}

// How a unit ended.
const (
	UnitDone   = "ok"
	UnitCut    = "cut"    // by Ctrl-C: what there is of it is in its cells
	UnitFailed = "failed" // it could not be run
)

// Unit is a part of a crash run that is explored as a whole: a line of units.jsonl.
type Unit struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	// Cells are the cells that the unit explored, as they stand after it: units of one
	// cell follow each other, and each goes on with the counts of the one before.
	Cells []Cell `json:"cells,omitempty"`
	// Findings are the directories of what it found, as names in findings/.
	Findings []string `json:"findings,omitempty"`
	// State is what the tier must know to go on after the unit.
	State json.RawMessage `json:"state,omitempty"`
}

// Key implements [journal.Line].
func (u Unit) Key() (id, status string) { return u.ID, u.Status }

// Failed implements [journal.Line].
func (u Unit) Failed() bool { return u.Status != UnitDone }

// SetAside moves the findings that are not among known, by their names in findings/, to
// the directory cut of the run, where [Aside] finds them.
func SetAside(path string, known []string) error {
	names, err := findingNames(path)
	if err != nil {
		return err
	}
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		if err := os.MkdirAll(filepath.Join(path, cutName), 0o755); err != nil {
			return err
		}
		to, err := os.MkdirTemp(filepath.Join(path, cutName), "") // of several goes
		if err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(path, findingsName, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

// Aside returns the directories of the findings that were set aside, in all goes of the
// run.
func Aside(path string) ([]string, error) {
	return filepath.Glob(filepath.Join(path, cutName, "*", "*"))
}

// RemoveAside removes all findings that were set aside.
func RemoveAside(path string) error { return os.RemoveAll(filepath.Join(path, cutName)) }

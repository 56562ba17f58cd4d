// Package history lines runs up over time: the medians of every figure by commit or date,
// and the places at which they change (package changepoint).
//
// Only runs of one machine that did the same work are in one [Group]; others make a group of
// their own, which says how it differs. All figures come from results, so `lsmlab history`
// and `lsmlab compare` of more than two runs say the same.
package history

import (
	"fmt"
	"path/filepath"
	"time"

	"lsmlab/harness/changepoint"
	"lsmlab/harness/compare"
	"lsmlab/harness/journal"
	"lsmlab/harness/result"
)

// The orders of runs.
const (
	ByCommit = "commit" // the time of the commit, then that of the run
	ByDate   = "date"   // the time of the run
)

// File is the name of a history in its directory.
const File = "history.json"

// History is what `lsmlab history` writes: history.json.
type History struct {
	Schema  int     `json:"schema"`
	Command string  `json:"command"` // that makes it again
	Groups  []Group `json:"groups"`  // the one with the most runs first
}

// Group is the runs of one machine that did the same work.
type Group struct {
	Machine string `json:"machine"`
	// Work is a hash of the fields of the plan that change what the name of a workload
	// stands for (result.Plan.Work).
	Work string `json:"work"`
	// Differs says how the group differs from the first one.
	Differs string     `json:"differs,omitempty"`
	By      string     `json:"by"`  // ByCommit or ByDate
	Env     result.Env `json:"env"` // of the last run
	Runs    []Run      `json:"runs"`
	Series  []Series   `json:"series"`
}

// Run is one run of a group.
type Run struct {
	Dir        string    `json:"dir"`
	Started    time.Time `json:"started"`
	Commit     string    `json:"commit,omitempty"`
	CommitTime time.Time `json:"commit_time,omitzero"`
	Dirty      bool      `json:"dirty,omitempty"`
	Kernel     string    `json:"kernel"`
	GoVersion  string    `json:"go_version"`
}

// Series is one figure of a group of cells over the runs that have it.
type Series struct {
	compare.Group
	Figure  string   `json:"figure"`
	Higher  bool     `json:"higher_is_better"`
	Decides bool     `json:"decides"` // a change for the worse is a regression
	Values  []Value  `json:"values"`
	Changes []Change `json:"changes"` // in the order of their places
}

// Value is the figure of one run.
type Value struct {
	Run    int     `json:"run"` // index of Group.Runs
	Rounds int     `json:"rounds"`
	Median float64 `json:"median"` // of the rounds
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// Change is a place between two neighbours of Series.Values.
type Change struct {
	At     int `json:"at"`     // index of Series.Values: the first value that is another
	Before int `json:"before"` // index of Group.Runs: the last run with the old value
	After  int `json:"after"`  // index of Group.Runs: the first run with the new value
	// Ratio is that of the geometric means of the medians from this change to the next and
	// from the one before to this. Lo and Hi are its 95% interval as if the place had been known, so
	// they are too narrow where P is large.
	Ratio float64 `json:"ratio"`
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
	P     float64 `json:"p"` // of the permutation test of this series alone
	// Shown says that P also counts among all series of this figure. Without it the
	// change is suspected: of twenty series without a change, one shows a suspect.
	Shown   bool   `json:"shown"`
	Verdict string `json:"verdict"` // compare.Better or compare.Worse
	// Commits names the commits between which the change lies, in words.
	Commits string `json:"commits"`
	// Also says what else changed between the two runs.
	Also []string `json:"also,omitempty"`
}

// Write writes history.json of a directory.
func (h History) Write(dir string) error {
	h.Schema = result.SchemaVersion
	return journal.WriteJSON(filepath.Join(dir, File), h)
}

// Single returns the only group of a history. It refuses several: their figures are not
// comparable.
func (h History) Single() (Group, error) {
	if len(h.Groups) != 1 {
		return Group{}, fmt.Errorf("the runs are not comparable: %s; `lsmlab history` draws each kind apart", h.Groups[1].Differs)
	}
	return h.Groups[0], nil
}

// Read reads history.json of a directory.
func Read(dir string) (h History, err error) {
	path := filepath.Join(dir, File)
	if err := journal.ReadJSON(path, &h, false); err != nil {
		return h, err
	}
	if h.Schema > result.SchemaVersion {
		return h, fmt.Errorf("%s: schema %d is newer than %d: use a newer lsmlab", path, h.Schema, result.SchemaVersion)
	}
	return h, nil
}

// Regressions names the series that decide and whose last change that is shown is for the
// worse by more than threshold, a share; each with the commits of that change.
func (g Group) Regressions(threshold float64) (worse []string) {
	for _, s := range g.Series {
		if c, ok := s.lastShown(); ok && s.Decides && c.Verdict == compare.Worse && max(c.Ratio-1, 1-c.Ratio) > threshold {
			worse = append(worse, fmt.Sprintf("%s %s", s.Group, c.Commits))
		}
	}
	return worse
}

// lastShown returns the last change that is shown.
func (s Series) lastShown() (last Change, ok bool) {
	for _, c := range s.Changes {
		if c.Shown {
			last, ok = c, true
		}
	}
	return last, ok
}

// Enough says whether the group has runs enough to show a change.
func (g Group) Enough() bool { return len(g.Runs) >= changepoint.MinValues }

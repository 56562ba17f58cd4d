package isorun

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
)

// crashDir is the directory of a run that has a run directory of crash testing for each
// level: crash/LEVEL.
const crashDir = "crash"

// CrashPath returns the run directory of crash testing at a level.
func CrashPath(dir string, l kv.Isolation) string { return filepath.Join(dir, crashDir, l.String()) }

// verdicts are the names of what a crash did to transactions, by the rule that is broken.
// Other rules keep their names.
var verdicts = map[oracle.Rule]string{
	oracle.RuleTorn:      "torn transaction",
	oracle.RuleLost:      "acknowledged transaction lost",
	oracle.RuleHole:      "hole",
	oracle.RuleAborted:   "aborted resurrected",
	oracle.RuleFloor:     "floor violated",
	oracle.RuleIsolation: "isolation broken",
}

// Verdict returns the name of a broken rule as a verdict on transactions.
func Verdict(r oracle.Rule) string { return cmp.Or(verdicts[r], string(r)) }

// Verdicts returns the names of the verdicts on transactions, in the order of their rules.
func Verdicts() (names []string) {
	for _, r := range append(oracle.Rules(), oracle.RuleIsolation) {
		if name := verdicts[r]; name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Crash is what crashes did to the transactions of one engine at one level.
type Crash struct {
	Level, Tier string
	rundir.Cell
	Findings []rundir.Finding // of the engine under the profile
}

// ReadCrashes reads what the crash testing of a run left, level by level; nothing if there
// was none. Errors name the file that is missing or damaged.
func ReadCrashes(dir string) (all []Crash, err error) {
	for _, level := range kv.Isolations() {
		path := CrashPath(dir, level)
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			continue
		}
		run, cells, findings, err := rundir.Read(path)
		if err != nil {
			return nil, err
		}
		for _, c := range cells {
			crash := Crash{Level: level.String(), Tier: run.Tier, Cell: c}
			for _, f := range findings {
				if f.Key == c.Key {
					crash.Findings = append(crash.Findings, f)
				}
			}
			all = append(all, crash)
		}
	}
	return all, nil
}

// Counts returns how many states had each verdict, by its name.
func (c *Crash) Counts() map[string]int64 {
	counts := map[string]int64{}
	for rule, n := range c.Violations {
		counts[Verdict(oracle.Rule(rule))] += n
	}
	return counts
}

// Text lists the verdicts, each with the number of states; "sound" without any, and "" if
// nothing was judged.
func (c *Crash) Text() string {
	var parts []string
	counts := c.Counts()
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	if parts == nil && c.Distinct > 0 {
		return "sound"
	}
	return strings.Join(parts, ", ")
}

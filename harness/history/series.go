package history

import (
	"fmt"
	"math"
	"time"

	"lsmlab/harness/changepoint"
	"lsmlab/harness/compare"
	"lsmlab/harness/result"
	"lsmlab/harness/stat"
)

// series returns the figures of runs over time, with their changes. runs are in the order
// of Group.Runs. The figures that decide are one family of tests, the others another: each
// family shows a change that is none with a probability of at most stat.Alpha.
func (g Group) series(runs []result.Run) (all []Series) {
	var cells [][]result.Cell
	samples := make([]map[compare.Group][]result.Cell, len(runs))
	for i, r := range runs {
		cells = append(cells, r.Cells)
		samples[i] = compare.SampleSets(r.Cells)
	}
	families := map[bool]int{}
	for _, group := range compare.GroupsInOrder(cells...) {
		for i, f := range compare.FiguresOf(group) {
			s := Series{Group: group, Figure: f.Name, Higher: f.Higher, Decides: i == 0, Changes: []Change{}}
			for run := range runs {
				if v, ok := valueOf(samples[run][group], f); ok {
					v.Run = run
					s.Values = append(s.Values, v)
				}
			}
			if len(s.Values) > 0 {
				families[s.Decides]++
				all = append(all, s)
			}
		}
	}
	for i := range all {
		all[i].Changes = g.changes(all[i], families[all[i].Decides])
	}
	return all
}

// valueOf returns the figure of one run's rounds; ok is false if no round has it.
func valueOf(cells []result.Cell, f compare.Figure) (v Value, ok bool) {
	var rounds []float64
	for _, c := range cells {
		if x := f.Of(c); x > 0 && !math.IsInf(x, 0) {
			rounds = append(rounds, x)
		}
	}
	s := stat.Summarize(rounds)
	return Value{Rounds: s.N(), Median: s.Median, Min: s.Min, Max: s.Max}, s.N() > 0
}

// changes returns the changes of a series, which is looked at with others.
func (g Group) changes(s Series, family int) []Change {
	medians := make([]float64, len(s.Values))
	logs := make([]float64, len(s.Values))
	for i, v := range s.Values {
		medians[i], logs[i] = v.Median, math.Log(v.Median)
	}
	changes := []Change{}
	sorted := changepoint.Sorted(changepoint.Find(logs, stat.Alpha, family))
	for i, c := range sorted {
		from, to := 0, len(medians)
		if i > 0 {
			from = sorted[i-1].At
		}
		if i+1 < len(sorted) {
			to = sorted[i+1].At
		}
		ratio := stat.Compare(stat.Summarize(medians[from:c.At]), stat.Summarize(medians[c.At:to]))
		change := Change{
			At: c.At, Before: s.Values[c.At-1].Run, After: s.Values[c.At].Run,
			Ratio: ratio.Value, Lo: ratio.Lo, Hi: ratio.Hi, P: c.P, Shown: c.Shown, Verdict: compare.Worse,
		}
		if (ratio.Value > 1) == s.Higher {
			change.Verdict = compare.Better
		}
		change.Commits, change.Also = between(g.Runs[change.Before], g.Runs[change.After])
		changes = append(changes, change)
	}
	return changes
}

// Name names a run by its commit, or by its date where the commit is unknown. A plus says
// that the checkout had changes.
func (r Run) Name() string {
	if short := (result.Env{Commit: r.Commit, Dirty: r.Dirty}).ShortCommit(); short != "" {
		return short
	}
	return r.Started.UTC().Format(time.DateOnly + " 15:04")
}

// between names the commits between which a change lies, and says what else changed there.
func between(before, after Run) (commits string, also []string) {
	switch {
	case before.Commit == "" || after.Commit == "":
		commits = fmt.Sprintf("between the runs of %s and %s, of which a commit is unknown", before.Name(), after.Name())
	case before.Commit == after.Commit && !before.Dirty && !after.Dirty:
		commits = fmt.Sprintf("within commit %s: the code is the same, so look at the machine", after.Name())
	case before.Commit == after.Commit:
		commits = fmt.Sprintf("at %s, in changes that were not committed", after.Name())
	default:
		commits = fmt.Sprintf("at %s, after %s", after.Name(), before.Name())
	}
	for _, f := range []struct{ name, x, y string }{
		{"kernel", before.Kernel, after.Kernel}, {"Go", before.GoVersion, after.GoVersion},
	} {
		if f.x != f.y {
			also = append(also, fmt.Sprintf("%s differs: %s and %s", f.name, f.x, f.y))
		}
	}
	return commits, also
}

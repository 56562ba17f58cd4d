// Package compare compares the rounds of measured cells: those of two runs, those of
// the engines of one run, and those of one engine, to flag outliers. Its statistics are
// those of package stat.
package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
)

// Row is one line of a comparison: a group of B against one of A.
type Row struct {
	Group
	Baseline string   `json:"baseline"` // engine, or run, that is 1
	Ratios   []*Ratio `json:"ratios"`   // the deciding figure first
}

// Comparison is the outcome of `lsmlab compare`.
type Comparison struct {
	A     string   `json:"a"`
	B     string   `json:"b"`
	Rows  []Row    `json:"rows"`
	Notes []string `json:"notes"`
	Worse int      `json:"regressions"` // rows whose deciding figure is Worse by more than Threshold
	// Expected is how many comparisons would come out under P < 0.05 by chance, without
	// Holm's correction, if there were no difference at all.
	Expected float64 `json:"false_positives_expected"`
	// Threshold is the least change, as a share, that counts as a regression.
	Threshold float64 `json:"threshold"`
}

// FiguresOf returns the figures of a group, the deciding one first.
func FiguresOf(g Group) []Figure {
	if g.Rate > 0 {
		return []Figure{p99, throughput}
	}
	return []Figure{throughput, p99}
}

// Dirs compares the runs in two directories, or the engines of the run in one with its
// engine baseline, "" for the first of its plan. Warnings say what was left out of the
// runs that were read.
func Dirs(dirs []string, baseline string, threshold float64) (c Comparison, warnings []string, err error) {
	runs := make([]result.Run, len(dirs))
	for i, d := range dirs {
		if runs[i], err = result.ReadRun(d); err != nil {
			return c, warnings, err
		}
		warnings = append(warnings, runs[i].Warnings...)
	}
	if len(runs) == 2 {
		c, err = Runs(runs[0], runs[1], threshold)
		return c, warnings, err
	}
	if baseline == "" && len(runs[0].Plan.Engines) > 0 {
		baseline = runs[0].Plan.Engines[0]
	}
	c, err = Engines(runs[0], baseline, threshold)
	return c, warnings, err
}

// BaselineError says that a run does not have the engine with which the others are to be
// compared.
type BaselineError struct {
	Engine, Dir string
	Has         []string // the engines of the run
}

func (e *BaselineError) Error() string {
	return fmt.Sprintf("baseline %s: %s has no such engine, it has %s", e.Engine, e.Dir, strings.Join(e.Has, ", "))
}

// Runs compares run b with run a, group by group. It refuses runs that asked for
// different work, and never compares different durability levels with each other.
func Runs(a, b result.Run, threshold float64) (Comparison, error) {
	c := Comparison{A: a.Dir, B: b.Dir, Threshold: threshold}
	if err := sameWork(a, b); err != nil {
		return c, err
	}
	c.Notes = append(c.Notes, a.Env.Differences(b.Env)...)
	c.Notes = append(c.Notes, commitNotes(a, b)...)
	c.Notes = append(c.Notes, failureNotes(a)...)
	c.Notes = append(c.Notes, failureNotes(b)...)
	sa, sb := SampleSets(a.Cells), SampleSets(b.Cells)
	var onlyA, onlyB []string
	for _, g := range GroupsInOrder(a.Cells, b.Cells) {
		if len(sa[g]) == 0 {
			onlyB = append(onlyB, g.String())
			continue
		}
		if len(sb[g]) == 0 {
			onlyA = append(onlyA, g.String())
			continue
		}
		c.addRow(Row{Group: g, Baseline: a.Dir}, sa[g], sb[g], summarizeRun)
	}
	if len(onlyA) > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("only in %s: %s", a.Dir, strings.Join(onlyA, "; ")))
	}
	if len(onlyB) > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("only in %s: %s", b.Dir, strings.Join(onlyB, "; ")))
	}
	if len(c.Rows) == 0 {
		return c, fmt.Errorf("%s and %s have no engine and workload in common at the same durability and threads: nothing to compare", a.Dir, b.Dir)
	}
	c.conclude()
	return c, nil
}

// Engines compares the engines of one run with one of them, and a control with the
// engine that it repeats.
func Engines(r result.Run, baseline string, threshold float64) (Comparison, error) {
	c := Comparison{A: baseline, B: r.Dir, Threshold: threshold}
	if !slices.Contains(r.Plan.Engines, baseline) {
		return c, &BaselineError{baseline, r.Dir, r.Plan.Engines}
	}
	c.Notes = append(c.Notes, failureNotes(r)...)
	sets := SampleSets(r.Cells)
	for _, g := range GroupsInOrder(r.Cells) {
		base := g
		base.Engine = baseline
		if result.IsAgain(g.Engine) {
			base.Engine = strings.TrimSuffix(g.Engine, result.Again)
		}
		if g.Engine != base.Engine {
			c.addRow(Row{Group: g, Baseline: base.Engine}, sets[base], sets[g], summarizeRounds)
		}
	}
	c.conclude()
	return c, nil
}

// addRow compares cells of B with those of A.
func (c *Comparison) addRow(row Row, a, b []result.Cell, summarize func([]result.Cell, Figure) stat.Summary) {
	for _, f := range FiguresOf(row.Group) {
		row.Ratios = append(row.Ratios, ratioOf(f, summarize(a, f), summarize(b, f)))
	}
	c.Rows = append(c.Rows, row)
}

// conclude judges all rows. The deciding figures are one family, the others another, and
// those of controls have families of their own.
func (c *Comparison) conclude() {
	for i := range 2 {
		families := map[bool][]*Ratio{}
		for _, row := range c.Rows {
			families[row.control()] = append(families[row.control()], row.Ratios[i])
		}
		judge(families[false])
		judge(families[true])
	}
	for _, row := range c.Rows {
		if row.regressed(c.Threshold) {
			c.Worse++
		}
	}
	c.Expected = stat.Alpha * float64(len(c.Rows))
}

// summarizeRun summarizes a figure of a run that is compared with another run, whose
// rounds ran at other times.
func summarizeRun(cells []result.Cell, f Figure) stat.Summary {
	values := make([]float64, len(cells))
	for i, c := range cells {
		values[i] = f.Of(c)
	}
	return stat.Summarize(values)
}

// summarizeRounds summarizes a figure that is compared within rounds.
func summarizeRounds(cells []result.Cell, f Figure) stat.Summary {
	byRound := map[int]float64{}
	for _, c := range cells {
		byRound[c.Round] = f.Of(c)
	}
	return stat.SummarizeRounds(byRound)
}

// control says whether an engine is compared with itself.
func (r Row) control() bool {
	return result.IsAgain(r.Engine) && strings.TrimSuffix(r.Engine, result.Again) == r.Baseline
}

// regressed says whether the deciding figure is significantly worse, by more than
// threshold.
func (r Row) regressed(threshold float64) bool {
	d := r.Ratios[0]
	return d.Verdict == Worse && math.Abs(d.Ratio-1) > threshold
}

// sameWork refuses runs that cannot be compared because they did different work.
func sameWork(a, b result.Run) error {
	levels := func(r result.Run) string { return strings.Join(r.Plan.AllDurabilities(), ",") }
	shared := slices.ContainsFunc(a.Plan.AllDurabilities(), func(d string) bool { return slices.Contains(b.Plan.AllDurabilities(), d) })
	if !shared {
		return fmt.Errorf("%s was measured at durability %s and %s at %s: figures of different durability levels are not comparable, measure both at one",
			a.Dir, levels(a), b.Dir, levels(b))
	}
	if field, x, y, differs := a.Plan.Work().Difference(b.Plan.Work()); differs {
		return fmt.Errorf("the runs did different work: %s is %v in %s and %v in %s; measure both with the same plan", field, x, a.Dir, y, b.Dir)
	}
	return nil
}

// commitNotes says between which commits a difference of two runs lies.
func commitNotes(a, b result.Run) []string {
	x, y := a.Env.ShortCommit(), b.Env.ShortCommit()
	switch {
	case x == "" || y == "":
		return nil
	case x == y && !a.Env.Dirty:
		return []string{fmt.Sprintf("both runs are of commit %s: a difference is not one of the code", x)}
	}
	return []string{fmt.Sprintf("A is of commit %s, B of %s: runs of commits between them narrow a difference down, as in `lsmlab compare DIR_A DIR_C DIR_B`", x, y)}
}

// failureNotes says which cells have no figures, and how many cells are flagged.
func failureNotes(r result.Run) (notes []string) {
	flagged := 0
	for _, c := range r.Cells {
		if c.Status == result.StatusFailed {
			notes = append(notes, fmt.Sprintf("%s: cell %s failed: %s", r.Dir, c.ID, c.Error))
		}
		if c.OK() && len(c.Warnings) > 0 {
			flagged++
		}
	}
	if flagged > 0 {
		notes = append(notes, fmt.Sprintf("%s: %d of %d cells carry warnings; all are counted", r.Dir, flagged, len(r.Cells)))
	}
	return notes
}

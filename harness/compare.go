package harness

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
)

// Group is what repeats over rounds: its cells are the samples of one figure.
type Group struct {
	Engine     string  `json:"engine"`
	Workload   string  `json:"workload"`
	Durability string  `json:"durability"`
	Threads    int     `json:"threads"`
	Rate       float64 `json:"rate,omitempty"`
}

// GroupOf returns the group of a cell.
func GroupOf(c result.Cell) Group {
	return Group{c.Engine, c.Workload, c.Durability, c.Threads, c.Rate}
}

// String names the group for people.
func (g Group) String() string {
	s := fmt.Sprintf("%s %s %s t=%d", g.Engine, g.Workload, g.Durability, g.Threads)
	if g.Rate > 0 {
		s += fmt.Sprintf(" rate=%g", g.Rate)
	}
	return s
}

// Figure is one measured quantity of a cell.
type Figure struct {
	Name   string
	Higher bool // higher is better
	Of     func(result.Cell) float64
}

// The figures of a comparison. Throughput decides in a closed loop, latency from
// the intended start in an open one, where throughput is given.
var (
	Throughput = Figure{"ops_per_sec", true, func(c result.Cell) float64 { return c.OpsPerSec }}
	P99        = Figure{"p99_ns", false, func(c result.Cell) float64 {
		if c.Intended != nil {
			return float64(c.Intended.P99)
		}
		return float64(c.Latency.P99)
	}}
)

// Summary is what `lsmlab compare --json` tells of the rounds of one figure; see
// [stat.Summary]. JSON has no NaN: what the rounds don't give is 0.
type Summary struct {
	N      int     `json:"n"`
	Median float64 `json:"median"`
	// Lo and Hi are the confidence interval of the median. Under six rounds there
	// is none at 95%: both are 0 then.
	Lo     float64 `json:"lo"`
	Hi     float64 `json:"hi"`
	Mean   float64 `json:"mean"`
	StdDev float64 `json:"stddev"` // of the sample
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func summaryOf(s stat.Summary) Summary {
	out := Summary{N: s.N(), Median: orZero(s.Median), Mean: orZero(s.Mean), StdDev: orZero(s.StdDev), Min: orZero(s.Min), Max: orZero(s.Max)}
	if s.Confidence >= 1-stat.Alpha {
		out.Lo, out.Hi = s.Lo, s.Hi
	}
	return out
}

func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

// Verdicts of a ratio.
const (
	Better     = "better"
	Worse      = "worse"
	NoVerdict  = "~"           // no difference shown
	TooFew     = "too few"     // rounds for any difference to be significant
	NotCounted = "no baseline" // nothing to compare with
)

// Ratio compares B with A in one figure; see [stat.Ratio]. What there is not is 0.
type Ratio struct {
	Figure string  `json:"figure"`
	A      Summary `json:"a"`
	B      Summary `json:"b"`
	Ratio  float64 `json:"ratio"` // of the medians, B over A
	Lo     float64 `json:"lo"`    // 95% confidence interval of the ratio
	Hi     float64 `json:"hi"`
	P      float64 `json:"p"` // Mann-Whitney U test
	// Verdict is Better or Worse if P < 0.05 and the interval leaves out 1.
	Verdict string `json:"verdict"`
}

// Compare compares the rounds of B with those of A.
func Compare(f Figure, a, b []float64) Ratio {
	sa, sb := stat.Summarize(a), stat.Summarize(b)
	q := stat.Compare(sa, sb)
	r := Ratio{
		Figure: f.Name, A: summaryOf(sa), B: summaryOf(sb),
		Ratio: orZero(q.Value), Lo: orZero(q.Lo), Hi: orZero(q.Hi), P: q.P,
	}
	switch {
	case !q.OK():
		r.Verdict = NotCounted
	case r.P >= stat.Alpha && len(a) < stat.MinRounds && len(b) < stat.MinRounds:
		r.Verdict = TooFew
	case !q.Significant():
		r.Verdict = NoVerdict
	case (r.Ratio > 1) == f.Higher:
		r.Verdict = Better
	default:
		r.Verdict = Worse
	}
	return r
}

// Row is one line of a comparison: a group of B against one of A.
type Row struct {
	Group
	Baseline string  `json:"baseline"` // engine, or run, that is 1
	Ratios   []Ratio `json:"ratios"`   // the deciding figure first
}

// Comparison is the outcome of `lsmlab compare`.
type Comparison struct {
	A        string   `json:"a"`
	B        string   `json:"b"`
	Rows     []Row    `json:"rows"`
	Notes    []string `json:"notes"`
	Worse    int      `json:"regressions"` // rows whose deciding figure is Worse by more than Threshold
	Expected float64  `json:"false_positives_expected"`
	// Threshold is the least change, as a share, that counts as a regression.
	Threshold float64 `json:"threshold"`
}

// figuresOf returns the figures of a group, the deciding one first.
func figuresOf(g Group) []Figure {
	if g.Rate > 0 {
		return []Figure{P99, Throughput}
	}
	return []Figure{Throughput, P99}
}

// CompareRuns compares run b with run a, group by group. It refuses runs that
// asked for different work, and never compares rungs of durability with each
// other.
func CompareRuns(a, b result.Run, threshold float64) (Comparison, error) {
	c := Comparison{A: a.Dir, B: b.Dir, Threshold: threshold}
	if err := sameWork(a, b); err != nil {
		return c, err
	}
	c.Notes = append(c.Notes, environmentNotes(a.Env, b.Env)...)
	c.Notes = append(c.Notes, failureNotes(a)...)
	c.Notes = append(c.Notes, failureNotes(b)...)
	sa, sb := sampleSets(a.Cells), sampleSets(b.Cells)
	var onlyA, onlyB []string
	for _, g := range groupsInOrder(a.Cells, b.Cells) {
		if len(sa[g]) == 0 {
			onlyB = append(onlyB, g.String())
			continue
		}
		if len(sb[g]) == 0 {
			onlyA = append(onlyA, g.String())
			continue
		}
		c.addRow(Row{Group: g, Baseline: a.Dir}, sa[g], sb[g])
	}
	if len(onlyA) > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("only in %s: %s", a.Dir, strings.Join(onlyA, "; ")))
	}
	if len(onlyB) > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("only in %s: %s", b.Dir, strings.Join(onlyB, "; ")))
	}
	if len(c.Rows) == 0 {
		return c, usagef("%s and %s have no engine and workload in common at the same durability and threads: nothing to compare", a.Dir, b.Dir)
	}
	c.Expected = stat.Alpha * float64(len(c.Rows))
	return c, nil
}

// CompareEngines compares the engines of one run with one of them.
func CompareEngines(r result.Run, baseline string, threshold float64) (Comparison, error) {
	c := Comparison{A: baseline, B: r.Dir, Threshold: threshold}
	if !slices.Contains(r.Plan.Engines, baseline) {
		return c, usagef("--baseline %s: %s has no such engine, it has %s", baseline, r.Dir, strings.Join(r.Plan.Engines, ", "))
	}
	c.Notes = append(c.Notes, failureNotes(r)...)
	sets := sampleSets(r.Cells)
	for _, g := range groupsInOrder(r.Cells) {
		base := g
		base.Engine = baseline
		if g.Engine != baseline {
			c.addRow(Row{Group: g, Baseline: baseline}, sets[base], sets[g])
		}
	}
	c.Expected = stat.Alpha * float64(len(c.Rows))
	return c, nil
}

// sampleSets are the sound cells of each group.
func sampleSets(cells []result.Cell) map[Group][]result.Cell {
	out := map[Group][]result.Cell{}
	for _, c := range cells {
		if c.OK() {
			out[GroupOf(c)] = append(out[GroupOf(c)], c)
		}
	}
	return out
}

func (c *Comparison) addRow(row Row, a, b []result.Cell) {
	for _, f := range figuresOf(row.Group) {
		row.Ratios = append(row.Ratios, Compare(f, valuesOf(a, f), valuesOf(b, f)))
	}
	c.Rows = append(c.Rows, row)
	if row.regressed(c.Threshold) {
		c.Worse++
	}
}

func valuesOf(cells []result.Cell, f Figure) []float64 {
	out := make([]float64, len(cells))
	for i, c := range cells {
		out[i] = f.Of(c)
	}
	return out
}

// regressed says whether the deciding figure is significantly worse, by more
// than the threshold.
func (r Row) regressed(threshold float64) bool {
	d := r.Ratios[0]
	return d.Verdict == Worse && math.Abs(d.Ratio-1) > threshold
}

// groupsInOrder returns every group once: by workload, durability, threads and
// rate, then engine.
func groupsInOrder(sets ...[]result.Cell) []Group {
	var groups []Group
	seen := map[Group]bool{}
	for _, cells := range sets {
		for _, c := range cells {
			if g := GroupOf(c); !seen[g] {
				seen[g] = true
				groups = append(groups, g)
			}
		}
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(
			cmp.Compare(a.Workload, b.Workload), cmp.Compare(a.Durability, b.Durability), cmp.Compare(a.Threads, b.Threads),
			cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Engine, b.Engine))
	})
	return groups
}

// sameWork refuses runs whose figures mean different things.
func sameWork(a, b result.Run) error {
	rungs := func(r result.Run) string { return strings.Join(r.Plan.AllDurabilities(), ",") }
	shared := slices.ContainsFunc(a.Plan.AllDurabilities(), func(d string) bool { return slices.Contains(b.Plan.AllDurabilities(), d) })
	if !shared {
		return usagef("%s was measured at durability %s and %s at %s: figures of different rungs are not comparable, measure both at one",
			a.Dir, rungs(a), b.Dir, rungs(b))
	}
	// These make other work of the same names.
	pa, pb := a.Plan, b.Plan
	for _, p := range []*result.Plan{&pa, &pb} {
		p.Engines, p.Workloads, p.Durabilities, p.Threads = nil, nil, nil, nil
		p.Rounds, p.Seed, p.CellTimeout, p.WorkloadSettings = 0, 0, 0, nil
	}
	if field, x, y, differs := pa.Difference(pb); differs {
		return usagef("the runs did different work: %s is %v in %s and %v in %s; measure both with the same plan", field, x, a.Dir, y, b.Dir)
	}
	return nil
}

// environmentNotes says what of the machine differs.
func environmentNotes(a, b result.Env) (notes []string) {
	for _, f := range []struct {
		name string
		x, y any
	}{
		{"CPU", a.CPU, b.CPU},
		{"cores", a.Cores, b.Cores},
		{"memory", a.MemoryBytes, b.MemoryBytes},
		{"kernel", a.Kernel, b.Kernel},
		{"file system", a.FileSystem, b.FileSystem},
		{"mount options", a.MountOptions, b.MountOptions},
		{"Go", a.GoVersion, b.GoVersion},
	} {
		if f.x != f.y {
			notes = append(notes, fmt.Sprintf("%s differs: %v and %v", f.name, f.x, f.y))
		}
	}
	return notes
}

// failureNotes says which cells have no figures, and how many are flagged.
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

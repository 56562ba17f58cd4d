package compare

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
)

func TestCompareVerdicts(t *testing.T) {
	base := []float64{100, 101, 99, 102, 98}
	scale := func(f float64) []float64 {
		out := make([]float64, len(base))
		for i, v := range base {
			out[i] = v * f
		}
		return out
	}
	for _, c := range []struct {
		figure Figure
		b      []float64
		want   string
	}{
		{throughput, scale(1.2), Better},
		{throughput, scale(0.8), Worse},
		{p99, scale(1.2), Worse},
		{p99, scale(0.8), Better},
		{throughput, scale(1), NoVerdict},
		{throughput, scale(1.001), NoVerdict},
		{throughput, scale(1.2)[:3], Better}, // 5+3 rounds can tell
		{throughput, nil, NotCounted},
		{throughput, []float64{0, 100, 101, 99, 102}, NotCounted}, // 0 has no logarithm
	} {
		r := judged(c.figure, base, c.b)
		if r.Verdict != c.want {
			t.Errorf("%s of %v: %s (p %.3f, %.3f-%.3f), want %s", c.figure.Name, c.b, r.Verdict, r.P, r.Lo, r.Hi, c.want)
		}
		if c.b != nil && (r.Lo > r.Ratio || r.Ratio > r.Hi) {
			t.Errorf("ratio %.3f outside %.3f-%.3f", r.Ratio, r.Lo, r.Hi)
		}
	}
	if r := judged(throughput, base[:2], scale(2)[:2]); r.Verdict != TooFew {
		t.Errorf("2+2 rounds: %s, p %.3f", r.Verdict, r.P)
	}
}

// judged compares two sides, as the only comparison of a family.
func judged(f Figure, a, b []float64) *Ratio {
	r := ratioOf(f, stat.Summarize(a), stat.Summarize(b))
	judge([]*Ratio{r})
	return r
}

// Rounds of one run are compared as blocks: a machine that halves its speed from round to
// round hides nothing. The same values in two runs show nothing.
func TestRoundsAreBlocks(t *testing.T) {
	drift := []float64{100, 50, 200, 25, 400}
	better := make([]float64, len(drift))
	for i, v := range drift {
		better[i] = v * (1.10 + 0.01*float64(i%3))
	}
	r := testRun("A", map[string][]float64{"a": drift, "b": better})
	c, err := Engines(r, "a", 0.05)
	if err != nil || c.Rows[0].Ratios[0].Verdict != Better || !c.Rows[0].Ratios[0].Paired || c.Rows[0].Ratios[0].Resolution > 1.05 {
		t.Errorf("%+v %v", c.Rows[0].Ratios[0], err)
	}
	c, err = Runs(testRun("A", map[string][]float64{"a": drift}), testRun("B", map[string][]float64{"a": better}), 0.05)
	if err != nil || c.Rows[0].Ratios[0].Verdict != NoVerdict || c.Rows[0].Ratios[0].Paired {
		t.Errorf("%+v %v", c.Rows[0].Ratios[0], err)
	}
}

// JSON has no NaN, so what the rounds don't give is 0; the interval is one of 95%
// or none.
func TestSummaryOf(t *testing.T) {
	s := summaryOf(stat.Summarize([]float64{3, 1, 2}))
	if want := (Summary{N: 3, Median: 2, Mean: 2, StdDev: 1, Min: 1, Max: 3}); s != want {
		t.Errorf("%+v", s)
	}
	if s := summaryOf(stat.Summarize([]float64{1, 2, 3, 4, 5, 6})); s.Lo != 1 || s.Hi != 6 {
		t.Errorf("six rounds: %+v", s)
	}
	if s := summaryOf(stat.Summarize(nil)); s != (Summary{}) {
		t.Errorf("nothing: %+v", s)
	}
}

// testRun is a run of two engines with given throughputs.
func testRun(dir string, speed map[string][]float64) result.Run {
	r := result.Run{Dir: dir, Plan: result.Plan{
		Engines: []string{"a", "b"}, Workloads: []string{"fillrandom"}, Durabilities: []string{"buffered"}, Threads: []int{1},
		Rounds: 5, Keys: 1000,
	}}
	for e, values := range speed {
		for i, v := range values {
			r.Cells = append(r.Cells, result.Cell{
				ID: fmt.Sprint(e, i), Status: result.StatusOK, Engine: e, Workload: "fillrandom", Durability: "buffered", Threads: 1,
				Round: i + 1, OpsPerSec: v, Latency: result.Latency{P99: int64(1e9 / v)},
			})
		}
	}
	return r
}

func TestCompareRuns(t *testing.T) {
	fast, slow := []float64{100, 101, 99, 102, 98}, []float64{80, 81, 79, 82, 78}
	a := testRun("A", map[string][]float64{"a": fast, "b": fast})
	b := testRun("B", map[string][]float64{"a": fast, "b": slow})
	c, err := Runs(a, b, 0.05)
	if err != nil || len(c.Rows) != 2 || c.Worse != 1 || c.Rows[1].Engine != "b" || math.Abs(c.Rows[1].Ratios[0].Ratio-0.8) > 0.001 {
		t.Errorf("%+v %v", c, err)
	}
	if c, _ := Runs(a, b, 0.25); c.Worse != 0 {
		t.Error("20% is under a threshold of 25%")
	}
	if c, _ := Runs(a, a, 0.05); c.Worse != 0 {
		t.Error("a run is worse than itself")
	}
	c, err = Engines(b, "a", 0.05)
	if err != nil || len(c.Rows) != 1 || c.Rows[0].Ratios[0].Verdict != Worse {
		t.Errorf("%+v %v", c, err)
	}
	if _, err := Engines(b, "x", 0.05); err == nil || !strings.Contains(err.Error(), "no such engine") {
		t.Error(err)
	}
}

// A control is held against what it repeats, and is no member of the family of engines.
func TestControls(t *testing.T) {
	r := testRun("A", map[string][]float64{"a": {100, 101, 99}, "a@again": {101, 99, 100}, "b": {200, 203, 198}})
	c, err := Engines(r, "b", 0.05)
	if err != nil || len(c.Rows) != 2 || c.controls() != 1 {
		t.Fatalf("%+v %v", c.Rows, err)
	}
	for _, row := range c.Rows {
		d := row.Ratios[0]
		if row.Engine == "a@again" && (row.Baseline != "a" || d.Verdict != NoVerdict) || row.Engine == "a" && (row.Baseline != "b" || d.Verdict != Worse) {
			t.Errorf("%s over %s: %+v", row.Engine, row.Baseline, d)
		}
		if d.PAdjusted != d.P {
			t.Errorf("%s: a family of one was corrected: %v to %v", row.Engine, d.P, d.PAdjusted)
		}
	}
}

func TestCompareRunsRefuses(t *testing.T) {
	a := testRun("A", nil)
	for want, change := range map[string]func(*result.Plan){
		"different durability levels": func(p *result.Plan) { p.Durabilities = []string{"synced"} },
		"keys is 1000 in A and 2000":  func(p *result.Plan) { p.Keys = 2000 },
		"rate is 0 in A and 10":       func(p *result.Plan) { p.Rate = 10 },
	} {
		b := testRun("B", nil)
		change(&b.Plan)
		if _, err := Runs(a, b, 0.05); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q: %v", want, err)
		}
	}
	if _, err := Runs(a, testRun("B", nil), 0.05); err == nil || !strings.Contains(err.Error(), "in common") {
		t.Errorf("nothing in common: %v", err)
	}
}

func TestOutliers(t *testing.T) {
	cellsOf := func(values ...float64) []result.Cell { return testRun("", map[string][]float64{"a": values}).Cells }
	for _, c := range []struct {
		values []float64
		want   []int
	}{
		{[]float64{100, 101, 60}, []int{2}},
		{[]float64{100, 101, 80}, nil},
		{[]float64{100, 102, 99, 101, 70}, []int{4}},
		{[]float64{100, 102, 99, 101, 93}, nil}, // far in spread, near in size
		{[]float64{100, 10}, nil},
	} {
		cells := cellsOf(c.values...)
		got := Outliers(cells)
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%v: flagged %v, want %v", c.values, got, c.want)
		}
		if again := Outliers(cells); len(again) != 0 {
			t.Errorf("%v: flagged twice: %v", c.values, again)
		}
	}
	// A flag goes when later rounds show that the cell is ordinary.
	cells := cellsOf(100, 101, 60)
	Outliers(cells)
	more := append(cells, cellsOf(61, 99, 60)...)
	if changed := Outliers(more); len(changed) != 1 || len(more[2].Warnings) != 0 {
		t.Errorf("changed %v, warnings %v", changed, more[2].Warnings)
	}
}

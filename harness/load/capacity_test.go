package load

import (
	"testing"

	"lsmlab/harness/result"
)

// sweepCell is a sweep whose steps take p95s in milliseconds, at 100/s, 200/s, ...
func sweepCell(round int, p95 ...int64) result.LoadCell {
	c := result.LoadCell{
		ID: result.LoadCellID("sweep", "toy", "default", round), Status: result.StatusOK, Engine: "toy", Environment: "default", Round: round,
		Sweep: true, ObjectiveP95NS: 100e6, ErrorRate: 0.01,
	}
	for i, ms := range p95 {
		rate := 100 * float64(i+1)
		c.Phases = append(c.Phases, result.LoadPhase{
			Rate: rate, Seconds: 10, Requests: int64(10 * rate), Arrivals: int64(10 * rate), RequestsPerS: rate,
			Latency: result.LoadLatency{P95: ms * 1e6, Mean: ms * 1e6 / 2},
		})
	}
	return c
}

// The highest rate is that of the last step before the first that broke: by
// latency, by errors, or by arrivals that found no user. What comes after counts
// no more.
func TestSustainable(t *testing.T) {
	failing, missing := sweepCell(1, 5, 6, 7), sweepCell(1, 5, 6, 7)
	failing.Phases[2].Failed = 31
	missing.Phases[1].Arrivals = 1979
	for name, test := range map[string]struct {
		cell result.LoadCell
		rate float64
		open bool
	}{
		"never broke":   {sweepCell(1, 5, 6, 99), 300, true},
		"latency":       {sweepCell(1, 5, 100, 7), 100, false},
		"errors":        {failing, 200, false},
		"missed":        {missing, 100, false},
		"at once":       {sweepCell(1, 500), 0, false},
		"nothing asked": {result.LoadCell{}, 0, true},
	} {
		if rate, open := test.cell.Sustainable(); rate != test.rate || open != test.open {
			t.Errorf("%s: %v %v, want %v %v", name, rate, open, test.rate, test.open)
		}
	}
}

// Rounds give a median and an interval; other profiles give a lower bound.
func TestInstances(t *testing.T) {
	l := result.Load{Plan: result.LoadPlan{Engines: []string{"toy", "other"}, Environments: []result.Environment{{Name: "default"}}}}
	l.Cells = []result.LoadCell{sweepCell(1, 5, 200), sweepCell(2, 5, 6, 200), sweepCell(3, 5, 8, 20, 200), {Engine: "other", Environment: "default", Status: result.StatusFailed}}
	list := Instances(l)
	if len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	if i := list[0]; i.Rate.Median != 200 || i.Rate.Lo != 100 || i.Rate.Hi != 300 || i.LowerBound || i.MeanSeconds != 0.003 {
		t.Errorf("%+v", i)
	}
	steady := sweepCell(1, 5, 6, 200)
	steady.Sweep = false
	l.Cells = []result.LoadCell{steady}
	if i := Instances(l)[0]; i.Rate.Median != 200 || !i.LowerBound {
		t.Errorf("%+v", i)
	}
}

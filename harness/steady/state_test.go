package steady

import (
	"testing"
	"time"

	"lsmlab/harness/result"
)

func series(name string, v []float64) result.Series {
	s := result.Series{Name: name}
	for i, x := range v {
		s.Add(time.Duration(i+1)*result.SampleInterval, x)
	}
	return s
}

// A measured part is named by what its figures stand for.
func TestStateOf(t *testing.T) {
	const flushBytes = 1 << 20
	flat := line(12, func(i int) float64 { return 100 + float64(i%3) })
	falling := line(12, func(i int) float64 { return 100 - 5*float64(i) })
	memTable := series(result.SeriesMemTable, line(12, func(i int) float64 { return float64(i) }))
	for name, c := range map[string]struct {
		cell result.Cell
		ops  []float64
		want string
	}{
		"flat":                         {result.Cell{Seconds: 1.2}, flat, Steady},
		"falling":                      {result.Cell{Seconds: 1.2}, falling, Drifting},
		"too short":                    {result.Cell{Seconds: 0.79}, falling, ""},
		"an interval that ended early": {result.Cell{Seconds: 1.15}, append(flat[:11:11], 5), Steady},
		"few flushes":                  {result.Cell{Seconds: 1.2, UserBytes: 2 * flushBytes, Metrics: &result.Counts{Flushes: 9}}, falling, Burst},
		"writes to memory alone":       {result.Cell{Seconds: 1.2, UserBytes: 2 * flushBytes, Metrics: &result.Counts{}}, flat, Burst},
		"ten flushes":                  {result.Cell{Seconds: 1.2, UserBytes: 20 * flushBytes, Metrics: &result.Counts{Flushes: 10}}, flat, Steady},
		"hardly any writes":            {result.Cell{Seconds: 1.2, UserBytes: flushBytes - 1, Metrics: &result.Counts{}}, flat, Steady},
	} {
		if got := StateOf(c.cell, []result.Series{series(result.SeriesOps, c.ops), memTable}, flushBytes); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	noMemTable := result.Cell{Seconds: 1.2, UserBytes: 2 * flushBytes, Metrics: &result.Counts{}}
	if got := StateOf(noMemTable, []result.Series{series(result.SeriesOps, flat)}, flushBytes); got != Steady {
		t.Errorf("an engine that tells neither MemTable nor flushes: %q", got)
	}
}

func TestDebt(t *testing.T) {
	if d := Debt([]result.Series{series(result.SeriesDebt, line(12, func(i int) float64 { return float64(i) }))}); d.Change != 11 || d.Lo != 11 {
		t.Errorf("%+v", d)
	}
}

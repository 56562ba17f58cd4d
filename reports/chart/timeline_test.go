package chart

import (
	"slices"
	"testing"

	"lsmlab/harness/result"
)

// Marks come from the engine's counters: one for each interval with one or more.
// Gauges that fall, all that runs without these series have, make none.
func TestEvents(t *testing.T) {
	millis := []int64{100, 200, 300}
	series := map[string]result.Series{
		result.SeriesMemTable: {Millis: millis, Values: []float64{9, 0, 9}},
		result.SeriesL0:       {Millis: millis, Values: []float64{4, 0, 4}},
	}
	if got := eventsOf(series); len(got) != 0 {
		t.Errorf("from gauges alone: %v", got)
	}
	series[result.SeriesFlushes] = result.Series{Millis: millis, Values: []float64{0, 2, 1}}
	series[result.SeriesCompactions] = result.Series{Millis: millis, Values: []float64{0, 0, 3}}
	series[result.SeriesStalls] = result.Series{Millis: millis, Values: []float64{7, 0, 0}}
	want := []event{{0.2, eventFlush}, {0.3, eventFlush}, {0.3, eventCompaction}, {0.1, eventStall}}
	if got := eventsOf(series); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

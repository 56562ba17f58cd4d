package reports

import (
	"math"
	"testing"
)

func TestSummarize(t *testing.T) {
	for _, c := range []struct {
		values                     []float64
		median, lo, hi, confidence float64
	}{
		{[]float64{5}, 5, math.NaN(), math.NaN(), 0},
		{[]float64{1, 3}, 2, 1, 3, 0.5},
		{[]float64{3, 1, 2}, 2, 1, 3, 0.75},
		{[]float64{5, 4, 3, 2, 1}, 3, 1, 5, 0.9375},
		{[]float64{6, 5, 4, 3, 2, 1}, 3.5, 1, 6, 0.96875}, // the first with 95%
	} {
		s := summarize(c.values)
		same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
		if s.median != c.median || !same(s.lo, c.lo) || !same(s.hi, c.hi) || s.confidence != c.confidence {
			t.Errorf("%v: median %v in %v to %v at %v, want %v in %v to %v at %v",
				c.values, s.median, s.lo, s.hi, s.confidence, c.median, c.lo, c.hi, c.confidence)
		}
	}
	if s := summarize(nil); s.n() != 0 || !math.IsNaN(s.median) {
		t.Errorf("no values: %+v", s)
	}
}

// The interval of a ratio against Welch's formula by hand: logarithms 0 and 1 a
// side, shifted by ln 2, have variance 1/2 each, t(0.975, 2) = 4.302653, and the
// half width is 4.302653 * sqrt(1/2/2 + 1/2/2) = 3.042435.
func TestCompare(t *testing.T) {
	a := summarize([]float64{1, math.E})
	b := summarize([]float64{2, 2 * math.E})
	q := compare(a, b)
	near := func(got, want float64) bool { return math.Abs(got/want-1) < 1e-5 }
	if !near(q.value, 2) || !near(q.lo, 2*math.Exp(-3.042435)) || !near(q.hi, 2*math.Exp(3.042435)) {
		t.Errorf("got %+v", q)
	}
	if q.significant() {
		t.Error("two rounds a side prove nothing")
	}
	q = compare(summarize([]float64{10, 10.1, 9.9, 10}), summarize([]float64{20, 20.1, 19.9, 20.2}))
	if !q.significant() || q.lo <= 1.9 || q.hi >= 2.1 {
		t.Errorf("twice as fast in four rounds: %+v", q)
	}
	for _, bad := range [][]float64{nil, {0, 1}, {-1, 2}} {
		if q := compare(a, summarize(bad)); q.ok() || q.significant() {
			t.Errorf("ratio with %v: %+v", bad, q)
		}
	}
}

func TestMedianIndex(t *testing.T) {
	if i := medianIndex([]float64{9, 1, 4}); i != 2 {
		t.Errorf("round %d is the median one, want 2", i)
	}
	if i := medianIndex([]float64{7}); i != 0 {
		t.Errorf("of one round: %d", i)
	}
}

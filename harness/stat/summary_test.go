package stat

import (
	"math"
	"testing"
)

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func TestSummarize(t *testing.T) {
	for _, c := range []struct {
		values                     []float64
		median, lo, hi, confidence float64
	}{
		{nil, math.NaN(), math.NaN(), math.NaN(), 0},
		{[]float64{5}, 5, math.NaN(), math.NaN(), 0},
		{[]float64{1, 3}, 2, 1, 3, 0.5},
		{[]float64{3, 1, 2}, 2, 1, 3, 0.75},
		{[]float64{5, 4, 3, 2, 1}, 3, 1, 5, 0.9375},
		{[]float64{6, 5, 4, 3, 2, 1}, 3.5, 1, 6, 0.96875}, // the first with 95%
	} {
		s := Summarize(c.values)
		if !same(s.Median, c.median) || !same(s.Lo, c.lo) || !same(s.Hi, c.hi) || s.Confidence != c.confidence || s.N() != len(c.values) {
			t.Errorf("%v: median %v in %v to %v at %v, want %v in %v to %v at %v",
				c.values, s.Median, s.Lo, s.Hi, s.Confidence, c.median, c.lo, c.hi, c.confidence)
		}
	}
}

func TestMoments(t *testing.T) {
	for _, c := range []struct {
		values                 []float64
		least, most, mean, dev float64
	}{
		{[]float64{3, 1, 2}, 1, 3, 2, 1},
		{[]float64{7}, 7, 7, 7, math.NaN()},
		{nil, math.NaN(), math.NaN(), math.NaN(), math.NaN()},
	} {
		if s := Summarize(c.values); !same(s.Min, c.least) || !same(s.Max, c.most) || !same(s.Mean, c.mean) || !same(s.StdDev, c.dev) {
			t.Errorf("%v: %+v", c.values, s)
		}
	}
}

func TestMedianIndex(t *testing.T) {
	if i := MedianIndex([]float64{9, 1, 4}); i != 2 {
		t.Errorf("round %d is the median one, want 2", i)
	}
	if i := MedianIndex([]float64{7}); i != 0 {
		t.Errorf("of one round: %d", i)
	}
}

package stat

import (
	"math"
	"testing"
)

func near(got, want float64) bool { return math.Abs(got/want-1) < 1e-5 }

// The interval of two sides that have nothing to do with each other, against Welch's
// formula by hand: logarithms 0 and 1 a side, shifted by ln 2, have variance 1/2 each,
// t(0.975, 2) = 4.302653, and the half width is 4.302653 * sqrt(1/2/2 + 1/2/2) = 3.042435.
func TestCompareUnpaired(t *testing.T) {
	a := Summarize([]float64{1, math.E})
	b := Summarize([]float64{2, 2 * math.E})
	q := Compare(a, b)
	if !near(q.Value, 2) || !near(q.Lo, 2*math.Exp(-3.042435)) || !near(q.Hi, 2*math.Exp(3.042435)) || q.Paired || q.Rounds != 2 {
		t.Errorf("got %+v", q)
	}
	if inverse := Compare(b, a); !near(inverse.Value, q.Inverse().Value) || !near(inverse.Lo, q.Inverse().Lo) || !near(inverse.Hi, q.Inverse().Hi) {
		t.Errorf("%+v is not the inverse of %+v", inverse, q)
	}
	q = Compare(Summarize([]float64{5}), b)
	if !q.OK() || !math.IsNaN(q.Lo) || !math.IsNaN(q.Hi) || q.Resolved() {
		t.Errorf("one round on a side has no interval: %+v", q)
	}
	for _, bad := range [][]float64{nil, {0, 1, 1}, {-1, 2}} {
		if q := Compare(a, Summarize(bad)); q.OK() || q.Resolved() || q.P != 1 {
			t.Errorf("ratio with %v: %+v", bad, q)
		}
	}
}

// Of rounds that are blocks, only those that both sides have count, and what changes from
// round to round alone does not. By hand: the differences of logarithms are 0 and ln 4,
// their mean is ln 2, their standard error ln 4 / 2, and t(0.975, 1) = 12.706205.
func TestComparePaired(t *testing.T) {
	a := SummarizeRounds(map[int]float64{1: 100, 2: 7, 3: 1000})
	b := SummarizeRounds(map[int]float64{3: 4000, 1: 100, 4: 5})
	q := Compare(a, b)
	half := 12.706205 * math.Log(4) / 2
	if !q.Paired || q.Rounds != 2 || !near(q.Value, 2) || !near(math.Log(q.Hi), math.Ln2+half) || !near(math.Log(q.Lo), math.Ln2-half) {
		t.Errorf("got %+v", q)
	}
	if q := Compare(a, SummarizeRounds(map[int]float64{8: 1})); q.OK() || q.Rounds != 0 {
		t.Errorf("no round in common: %+v", q)
	}
}

// P and interval say the same, because they are of one estimator; the same values on both
// sides are no difference.
func TestOneEstimator(t *testing.T) {
	for _, shift := range []float64{1, 1.01, 1.02, 1.03, 1.04, 1.1, 0.95} {
		for _, pairs := range []bool{false, true} {
			a, b := map[int]float64{}, map[int]float64{}
			for i, v := range []float64{100, 103, 98, 101, 104} {
				a[i], b[4-i] = v, v*shift
			}
			sa, sb := SummarizeRounds(a), SummarizeRounds(b)
			if !pairs {
				sa.Rounds = nil
			}
			q := Compare(sa, sb)
			if out := q.Lo > 1 || q.Hi < 1; out != (q.P < Alpha) || q.Lo > q.Value || q.Value > q.Hi {
				t.Errorf("shift %v: %+v", shift, q)
			}
			if q.Resolved() && (q.P >= Alpha || math.Max(q.Value, 1/q.Value) < q.Resolution) {
				t.Errorf("shift %v is resolved: %+v", shift, q)
			}
		}
	}
	same := SummarizeRounds(map[int]float64{1: 5, 2: 5, 3: 5})
	if q := Compare(same, same); q.P != 1 || q.Resolved() || q.Value != 1 || q.Resolution != 1 {
		t.Errorf("the same values: %+v", q)
	}
}

// MinRounds a side can show a difference, one fewer cannot.
func TestMinRounds(t *testing.T) {
	a, b := []float64{100, 101, 99, 100}, []float64{200, 201, 199, 202}
	if q := Compare(Summarize(a[:MinRounds]), Summarize(b[:MinRounds])); !q.Resolved() || q.TooFew() {
		t.Errorf("%+v", q)
	}
	if q := Compare(Summarize(a[:MinRounds-1]), Summarize(b[:MinRounds-1])); q.Resolved() || !q.TooFew() {
		t.Errorf("%+v", q)
	}
}

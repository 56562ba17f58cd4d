package stat

import (
	"cmp"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"lsmlab/engines/testseed"
)

// The interval of a ratio against Welch's formula by hand: logarithms 0 and 1 a
// side, shifted by ln 2, have variance 1/2 each, t(0.975, 2) = 4.302653, and the
// half width is 4.302653 * sqrt(1/2/2 + 1/2/2) = 3.042435.
func TestCompare(t *testing.T) {
	a := Summarize([]float64{1, math.E})
	b := Summarize([]float64{2, 2 * math.E})
	q := Compare(a, b)
	near := func(got, want float64) bool { return math.Abs(got/want-1) < 1e-5 }
	if !near(q.Value, 2) || !near(q.Lo, 2*math.Exp(-3.042435)) || !near(q.Hi, 2*math.Exp(3.042435)) {
		t.Errorf("got %+v", q)
	}
	if q.Significant() {
		t.Error("two rounds a side prove nothing")
	}
	q = Compare(Summarize([]float64{10, 10.1, 9.9, 10}), Summarize([]float64{20, 20.1, 19.9, 20.2}))
	if !q.Significant() || q.Lo <= 1.9 || q.Hi >= 2.1 {
		t.Errorf("twice as fast in four rounds: %+v", q)
	}
	q = Compare(Summarize([]float64{5}), b)
	if !q.OK() || !math.IsNaN(q.Lo) || !math.IsNaN(q.Hi) || q.Significant() {
		t.Errorf("one round on a side has no interval: %+v", q)
	}
	for _, bad := range [][]float64{nil, {0, 1, 1}, {-1, 2}} {
		if q := Compare(a, Summarize(bad)); q.OK() || q.Significant() || q.P != 1 {
			t.Errorf("ratio with %v: %+v", bad, q)
		}
	}
}

// MinRounds a side can show a difference, one fewer cannot.
func TestMinRounds(t *testing.T) {
	a, b := []float64{1, 2, 3, 4}, []float64{11, 12, 13, 14}
	if p := Compare(Summarize(a[:MinRounds]), Summarize(b[:MinRounds])).P; math.Abs(p-2.0/70) > 1e-9 {
		t.Errorf("p %v, want 2/70", p)
	}
	if p := Compare(Summarize(a[:MinRounds-1]), Summarize(b[:MinRounds-1])).P; math.Abs(p-0.1) > 1e-9 {
		t.Errorf("p %v, want 0.1", p)
	}
}

// TestTies compares P with its definition, on small samples with many ties: of
// all ways to deal the values to two sides of those sizes, the share with a U as
// low as the lower side's, twice.
func TestTies(t *testing.T) {
	rng := testseed.Rand(t)
	for range 2000 {
		a := make([]float64, 1+rng.IntN(5))
		all := make([]float64, len(a)+1+rng.IntN(5))
		for i := range all {
			all[i] = float64(1 + rng.IntN(4))
		}
		copy(a, all)
		b := all[len(a):]
		if got, want := uTest(a, b), definedP(a, all); math.Abs(got-want) > 1e-9 {
			t.Fatalf("%v against %v: p %v, want %v", a, b, got, want)
		}
	}
}

// definedP judges the first len(a) of all against the rest.
func definedP(a, all []float64) float64 {
	distance := func(side uint) (d float64) { // of U from its middle; side is a set of indices
		for i, x := range all {
			for j, y := range all {
				if side>>i&1 == 1 && side>>j&1 == 0 {
					d += float64(cmp.Compare(x, y)) / 2
				}
			}
		}
		return d
	}
	seen := distance(1<<len(a) - 1)
	if seen == 0 {
		return 1
	}
	low, total := 0, 0
	for side := range uint(1) << len(all) {
		if bits.OnesCount(side) != len(a) {
			continue
		}
		total++
		if d := distance(side); seen < 0 && d <= seen || seen > 0 && d >= seen {
			low++
		}
	}
	return min(1, 2*float64(low)/float64(total))
}

// The 95% interval must hold the true ratio in about 95 of 100 experiments: a
// thousand simulated ones, log-normal noise, true ratio 1.1.
func TestRatioIntervalCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	draw := func(median float64) []float64 {
		out := make([]float64, 5)
		for i := range out {
			out[i] = median * math.Exp(0.1*rng.NormFloat64())
		}
		return out
	}
	hits := 0
	for range 1000 {
		if lo, hi := welch(draw(100), draw(110)); lo <= 1.1 && 1.1 <= hi {
			hits++
		}
	}
	if hits < 930 || hits > 975 {
		t.Errorf("%d of 1000 intervals hold the true ratio, want about 950", hits)
	}
}

package goycsb

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// draws is the size of each sample, and falseAlarm the probability with which two
// samples of one distribution lie further apart than apart(0). Samples of this size show
// a difference of 1% of the draws with certainty.
const (
	draws      = 1_000_000
	falseAlarm = 1e-9
)

// sample returns sorted draws.
func sample(next func() uint64) []uint64 {
	s := make([]uint64, draws)
	for i := range s {
		s[i] = next()
	}
	slices.Sort(s)
	return s
}

// distance is the Kolmogorov-Smirnov statistic of two sorted samples: the largest
// difference of their distribution functions. Equal values count as one step.
func distance(a, b []uint64) (d float64) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		v := min(a[i], b[j])
		for i < len(a) && a[i] == v {
			i++
		}
		for j < len(b) && b[j] == v {
			j++
		}
		d = max(d, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return d
}

// apart is the distance beyond which two samples are of different distributions.
// Massart's constant ("The Tight Constant in the Dvoretzky-Kiefer-Wolfowitz Inequality",
// Annals of Probability 18(3), 1990) bounds the distance of each sample from its own
// distribution, for every distribution, also one with ties; bias is a distance of the
// two distributions that is known.
func apart(bias float64) float64 {
	one := math.Sqrt(math.Log(4/falseAlarm) / (2 * draws))
	return bias + 2*one
}

// TestDistance: known answers, among them samples with ties and of different lengths.
func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b []uint64
		want float64
	}{
		{[]uint64{1, 2, 3}, []uint64{1, 2, 3}, 0},
		{[]uint64{1, 1, 2}, []uint64{1, 2, 2}, 1.0 / 3},
		{[]uint64{1, 2}, []uint64{3, 4, 5}, 1},
		{[]uint64{1, 2, 3, 4}, []uint64{2, 3}, 0.25},
	} {
		if got := distance(c.a, c.b); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("distance of %v and %v is %v, want %v", c.a, c.b, got, c.want)
		}
		if got := distance(c.b, c.a); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("distance of %v and %v is %v, want %v", c.b, c.a, got, c.want)
		}
	}
}

// TestLevel: samples of one distribution are not called different.
func TestLevel(t *testing.T) {
	uniform := func() []uint64 { return sample(func() uint64 { return rand.Uint64N(1000) }) }
	if d := distance(uniform(), uniform()); d > apart(0) {
		t.Errorf("two samples of one distribution are %v apart, at most %v", d, apart(0))
	}
}

package stat

import (
	"cmp"
	"math"

	mstats "github.com/aclements/go-moremath/stats"
	"github.com/montanaflynn/stats"
	"golang.org/x/perf/benchmath"
)

// MinRounds is the least number of rounds on each side with which the U test can reach
// P < Alpha.
const MinRounds = 4

// Ratio compares the rounds of B with those of A.
type Ratio struct {
	Value float64 // of the medians, B over A; NaN unless both sides have rounds and all are positive
	// Lo and Hi are the 95% confidence interval of the ratio. It is Welch's t interval
	// (Welch, 1947) for the difference of the mean logarithms, transformed back by the
	// exponential. It is NaN with fewer than two rounds on a side.
	Lo, Hi float64
	// P is that of the two-sided Mann-Whitney U test, twice the lower tail. It is 1 if
	// there is nothing to test. It is exact up to 25 rounds on each side, also with
	// ties.
	P float64
}

// OK says whether there is a ratio.
func (r Ratio) OK() bool { return !math.IsNaN(r.Value) }

// Significant says whether a difference is shown: P < Alpha, and there is an interval
// that does not contain 1.
func (r Ratio) Significant() bool { return r.P < Alpha && (r.Lo > 1 || r.Hi < 1) }

// Compare returns the ratio of b over a.
func Compare(a, b Summary) Ratio {
	r := Ratio{Value: math.NaN(), Lo: math.NaN(), Hi: math.NaN(), P: 1}
	if a.N() == 0 || b.N() == 0 || a.Min <= 0 || b.Min <= 0 {
		return r
	}
	r.Value = b.Median / a.Median
	r.P = uTest(a.Values, b.Values)
	if a.N() >= 2 && b.N() >= 2 {
		r.Lo, r.Hi = welch(a.Values, b.Values)
	}
	return r
}

// uTest returns P for two sides. The lower side comes first, because go-moremath uses
// the tail of whichever side is lower, but counts ties from the first.
func uTest(a, b []float64) float64 {
	rank := 0 // pairs in which a is greater, minus pairs in which b is
	for _, x := range a {
		for _, y := range b {
			rank += cmp.Compare(x, y)
		}
	}
	if rank > 0 {
		a, b = b, a
	}
	return min(1, benchmath.AssumeNothing.Compare(sample(a), sample(b)).P)
}

// welch returns the 95% interval of b over a. Each side must have two rounds or more.
func welch(a, b []float64) (lo, hi float64) {
	ma, va := logMoments(a)
	mb, vb := logMoments(b)
	na, nb := float64(len(a)), float64(len(b))
	ea, eb := va/na, vb/nb
	half := 0.0
	if ea+eb > 0 {
		dof := (ea + eb) * (ea + eb) / (ea*ea/(na-1) + eb*eb/(nb-1))
		half = mstats.InvCDF(mstats.TDist{V: dof})(1-Alpha/2) * math.Sqrt(ea+eb)
	}
	return math.Exp(mb - ma - half), math.Exp(mb - ma + half)
}

// logMoments returns the mean and the sample variance of the logarithms.
func logMoments(values []float64) (mean, variance float64) {
	logs := make([]float64, len(values))
	for i, v := range values {
		logs[i] = math.Log(v)
	}
	mean, _ = stats.Mean(logs)
	variance, _ = stats.SampleVariance(logs)
	return mean, variance
}

package reports

import (
	"math"
	"slices"

	mstats "github.com/aclements/go-moremath/stats"
	"github.com/montanaflynn/stats"
	"golang.org/x/perf/benchmath"
)

// alpha is the significance level of all intervals and tests.
const alpha = 0.05

// summary describes the rounds of one figure of one engine under one workload.
type summary struct {
	values []float64 // of the rounds, in their order
	median float64
	// lo and hi hold the median with the given confidence, whatever the
	// distribution: order statistics (benchmath.AssumeNothing). From six rounds on
	// the confidence is 0.95 or more; below, lo and hi are the least and the
	// greatest round, and the confidence is what that gives: 0.75 with three.
	// One round has no interval: lo and hi are NaN.
	lo, hi     float64
	confidence float64
	mean, dev  float64 // dev of the sample; NaN for one round
}

func (s summary) n() int { return len(s.values) }

// summarize describes values, which must be finite.
func summarize(values []float64) summary {
	s := summary{values: values, median: math.NaN(), lo: math.NaN(), hi: math.NaN(), mean: math.NaN(), dev: math.NaN()}
	n := len(values)
	if n == 0 {
		return s
	}
	b := benchmath.AssumeNothing.Summary(sample(values), 1-alpha)
	s.median = b.Center
	switch {
	case !math.IsInf(b.Lo, 0) && !math.IsInf(b.Hi, 0):
		s.lo, s.hi, s.confidence = b.Lo, b.Hi, b.Confidence
	case n > 1:
		s.lo, s.hi = slices.Min(values), slices.Max(values)
		s.confidence = 1 - math.Pow(2, 1-float64(n)) // all on one side of the median: 2 * 2^-n
	}
	// These fail on too few values alone.
	s.mean, _ = stats.Mean(values)
	if n > 1 {
		s.dev, _ = stats.StandardDeviationSample(values)
	}
	return s
}

func sample(values []float64) *benchmath.Sample {
	t := benchmath.DefaultThresholds
	t.CompareAlpha = alpha
	return benchmath.NewSample(slices.Clone(values), &t)
}

// ratio compares the rounds of an engine with those of the baseline.
type ratio struct {
	value float64 // of the medians; NaN without positive rounds on both sides
	// lo and hi are the 95% interval: Welch's t interval for the difference of the
	// mean logarithms, as in `lsmlab compare`. NaN under two rounds a side.
	lo, hi float64
	p      float64 // Mann-Whitney U test
}

// minRounds a side is the least with which the U test can reach p < 0.05.
const minRounds = 4

// significant says whether a difference is shown: p < 0.05, which takes four
// rounds a side, and the interval leaves out 1.
func (r ratio) significant() bool { return r.p < alpha && (r.lo > 1 || r.hi < 1) }

func (r ratio) ok() bool { return !math.IsNaN(r.value) }

// compare returns b over a.
func compare(a, b summary) ratio {
	r := ratio{value: math.NaN(), lo: math.NaN(), hi: math.NaN(), p: 1}
	if a.n() == 0 || b.n() == 0 || slices.Min(a.values) <= 0 || slices.Min(b.values) <= 0 {
		return r
	}
	r.value = b.median / a.median
	r.p = benchmath.AssumeNothing.Compare(sample(a.values), sample(b.values)).P
	if a.n() < 2 || b.n() < 2 {
		return r
	}
	ma, va := logMoments(a.values)
	mb, vb := logMoments(b.values)
	na, nb := float64(a.n()), float64(b.n())
	ea, eb := va/na, vb/nb
	half := 0.0
	if ea+eb > 0 {
		dof := (ea + eb) * (ea + eb) / (ea*ea/(na-1) + eb*eb/(nb-1))
		half = mstats.InvCDF(mstats.TDist{V: dof})(1-alpha/2) * math.Sqrt(ea+eb)
	}
	r.lo, r.hi = math.Exp(mb-ma-half), math.Exp(mb-ma+half)
	return r
}

func logMoments(values []float64) (mean, variance float64) {
	logs := make([]float64, len(values))
	for i, v := range values {
		logs[i] = math.Log(v)
	}
	mean, _ = stats.Mean(logs)
	variance, _ = stats.SampleVariance(logs)
	return mean, variance
}

// medianIndex returns the index of the value that is nearest to the median, the
// first of several.
func medianIndex(values []float64) int {
	best, at := math.Inf(1), 0
	m := summarize(values).median
	for i, v := range values {
		if d := math.Abs(v - m); d < best {
			best, at = d, i
		}
	}
	return at
}

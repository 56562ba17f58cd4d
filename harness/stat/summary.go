// Package stat says what repeated rounds show: the median of a figure with its
// interval, and the ratio of two sets of rounds with its interval and its test. `lsmlab
// compare` and the reports take their figures from here.
//
// Values are rounds of one figure, finite and in one unit. A summary keeps that unit;
// ratios, P and confidence have no unit. NaN means that the rounds are too few, or not
// suitable, to give the figure. It never stands for zero.
package stat

import (
	"maps"
	"math"
	"slices"

	"github.com/montanaflynn/stats"
	"golang.org/x/perf/benchmath"
)

// Alpha is the significance level of all intervals and tests.
const Alpha = 0.05

// Summary describes the rounds of one figure. Without rounds, all fields are NaN except
// Confidence.
type Summary struct {
	Values []float64 // of the rounds, in their order; they belong to the caller
	// Rounds are the numbers of the rounds of Values, if the summary may be compared
	// round by round; else nil.
	Rounds []int
	Median float64
	// Lo and Hi contain the true median with the given confidence, whatever the
	// distribution: they are order statistics (benchmath.AssumeNothing). With six
	// rounds or more, Confidence is 0.95 or more. With fewer, Lo and Hi are the least
	// and the greatest round, and Confidence is what this gives: 0.75 with three
	// rounds. One round gives no interval: Lo and Hi are NaN, and Confidence is 0.
	Lo, Hi     float64
	Confidence float64 // a share of 1
	Min, Max   float64
	Mean       float64
	StdDev     float64 // of the sample; NaN for one round
}

// N returns the number of rounds.
func (s Summary) N() int { return len(s.Values) }

// Summarize describes values, which it keeps.
func Summarize(values []float64) Summary {
	nan := math.NaN()
	s := Summary{Values: values, Median: nan, Lo: nan, Hi: nan, Min: nan, Max: nan, Mean: nan, StdDev: nan}
	n := len(values)
	if n == 0 {
		return s
	}
	b := benchmath.AssumeNothing.Summary(sample(values), 1-Alpha)
	s.Median, s.Min, s.Max = b.Center, slices.Min(values), slices.Max(values)
	switch {
	case !math.IsInf(b.Lo, 0) && !math.IsInf(b.Hi, 0):
		s.Lo, s.Hi, s.Confidence = b.Lo, b.Hi, b.Confidence
	case n > 1:
		s.Lo, s.Hi = s.Min, s.Max
		s.Confidence = 1 - math.Pow(2, 1-float64(n)) // the probability that all rounds are on one side of the median is 2 * 2^-n
	}
	// These functions fail only if there are too few values.
	s.Mean, _ = stats.Mean(values)
	if n > 1 {
		s.StdDev, _ = stats.StandardDeviationSample(values)
	}
	return s
}

// SummarizeRounds describes the values of numbered rounds, in the order of their numbers.
// The numbers must mean the same in every summary that it is compared with.
func SummarizeRounds(byRound map[int]float64) Summary {
	rounds := slices.Sorted(maps.Keys(byRound))
	values := make([]float64, len(rounds))
	for i, round := range rounds {
		values[i] = byRound[round]
	}
	s := Summarize(values)
	s.Rounds = rounds
	return s
}

func sample(values []float64) *benchmath.Sample {
	t := benchmath.DefaultThresholds
	t.CompareAlpha = Alpha
	return benchmath.NewSample(slices.Clone(values), &t) // NewSample sorts its argument
}

// MedianIndex returns the index of the value that is nearest to the median; of several,
// the first.
func MedianIndex(values []float64) int {
	best, at := math.Inf(1), 0
	m := Summarize(values).Median
	for i, v := range values {
		if d := math.Abs(v - m); d < best {
			best, at = d, i
		}
	}
	return at
}

// Share returns part over whole; NaN if both are zero.
func Share(part, whole int64) float64 { return float64(part) / float64(whole) }

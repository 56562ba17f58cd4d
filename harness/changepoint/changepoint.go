// Package changepoint finds the places of a series from which on its values are others.
//
// The method is E-divisive with a permutation test: Matteson and James, "A Nonparametric
// Approach for Multiple Change Point Analysis of Multivariate Data" (Journal of the
// American Statistical Association 109, 2014), for one variable, with the exponent 1. MongoDB finds
// changes of its benchmarks by it: Daly et al., "The Use of Change Point Detection to
// Identify Software Performance Regressions in a Continuous Integration System" (ICPE
// 2020). Hunter (Fleming et al., 2023) has the same divergence, and replaces the
// permutations by a t test, whose level does not hold at a place that was chosen because
// its difference is the largest. Here the level is what counts, so permutations stay.
//
// The divergence of two parts of a series is the mean distance between their values, less
// the mean distance within each. A step is to divide the series where the divergence, with
// the weight n*m/(n+m) of parts of n and m values, is largest over all segments that were
// found before. It counts if few random orders of the values within the segments have one
// as large. The first that does not count is the last that is tried.
//
// The test holds its level if the values of a segment are exchangeable: a slow drift, or
// neighbours that are alike, are told as changes. It needs values: of seven or fewer none can be told, as
// too few orders exist.
package changepoint

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// MinSegment is the least number of values of a segment. One value is no segment: it is
// an outlier.
const MinSegment = 2

// MinValues is the least number of values of which a change can be told at the level 0.05:
// four of eight are apart from the others in two of their 70 choices, three of seven in
// two of 35.
const MinValues = 8

// orders is the number of random orders of a test. The least P is 1/(orders+1).
const orders = 9999

// enough is the number of orders with a divergence as large as that of the series after
// which a test ends. P is then their share of the orders that were tried (Besag and
// Clifford, "Sequential Monte Carlo p-values", 1991), which is as valid and far cheaper.
const enough = 50

// Change is a place at which values change.
type Change struct {
	At int     // index of the first value that is another
	P  float64 // of the permutation test, a share
}

// Find returns the changes of a series in the order in which they are found. Each has a P
// of at most level, so the probability that a series without changes shows any is at most level.
// The changes at a lower level are those before the first whose P is above it.
// The values must be finite and are not changed. The same values give the same changes:
// the random orders come from a fixed seed.
func Find(values []float64, level float64) (changes []Change) {
	rng := rand.New(rand.NewPCG(1, uint64(len(values))))
	segments := [][]float64{values}
	for {
		best, segment, at := divide(segments)
		if best <= 0 {
			return changes
		}
		p := test(rng, segments, best)
		if p > level {
			return changes
		}
		start := 0
		for _, s := range segments[:segment] {
			start += len(s)
		}
		changes = append(changes, Change{start + at, p})
		whole := segments[segment]
		segments = slices.Replace(segments, segment, segment+1, whole[:at], whole[at:])
	}
}

// Sorted returns changes by their places.
func Sorted(changes []Change) []Change {
	return slices.SortedFunc(slices.Values(changes), func(a, b Change) int { return cmp.Compare(a.At, b.At) })
}

// divide returns the largest divergence of all segments, and where it is: the segment, and
// the index of the first value of its second part. It is 0 if no segment can be divided.
func divide(segments [][]float64) (best float64, segment, at int) {
	for i, s := range segments {
		if d, k := divideOne(s); d > best {
			best, segment, at = d, i, k
		}
	}
	return best, segment, at
}

// divideOne returns the largest divergence of two parts of a segment. It moves one value
// after the other from the second part to the first, and keeps the sums of the distances
// between the parts and within each.
func divideOne(s []float64) (best float64, at int) {
	var between, first, second float64
	for i, v := range s {
		second += distances(s[:i], v)
	}
	for i, v := range s[:max(0, len(s)-MinSegment)] {
		before, after := distances(s[:i], v), distances(s[i+1:], v)
		between += after - before
		first += before
		second -= after
		n, m := float64(i+1), float64(len(s)-i-1)
		if i+1 < MinSegment {
			continue
		}
		d := n * m / (n + m) * (2*between/(n*m) - first/(n*(n-1)/2) - second/(m*(m-1)/2))
		if d > best {
			best, at = d, i+1
		}
	}
	return best, at
}

// distances returns the sum of the distances of v from values.
func distances(values []float64, v float64) (sum float64) {
	for _, o := range values {
		sum += max(o-v, v-o)
	}
	return sum
}

// rounding is how much the sums of the same distances differ if they are added in another
// order, as a share.
const rounding = 1e-9

// test returns P: the share of random orders of the values within segments that have a
// divergence of at least best, that of the series itself among them.
func test(rng *rand.Rand, segments [][]float64, best float64) float64 {
	shuffled := make([][]float64, len(segments))
	for i, s := range segments {
		shuffled[i] = slices.Clone(s)
	}
	large := 0
	for n := 1; n <= orders; n++ {
		for _, s := range shuffled {
			rng.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
		}
		if d, _, _ := divide(shuffled); d >= best*(1-rounding) {
			large++
		}
		if large == enough {
			return enough / float64(n)
		}
	}
	return float64(large+1) / (orders + 1)
}

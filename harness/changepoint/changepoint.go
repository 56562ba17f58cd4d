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
// The divergence of two parts of a series is twice the mean distance between their values,
// less the mean distance within each. A step is to divide the series where the divergence,
// with the weight n*m/(n+m) of parts of n and m values, is largest over all segments that
// were found before. The first part begins with its segment, and the second may end before
// it: else a loss that was mended later would hide itself. The division counts if few
// random orders of the values within the segments have a divergence as large. The first
// that does not count is the last that is tried.
//
// The test holds its level if the values of a segment are exchangeable: a slow drift, or
// neighbours that are alike, are told as changes. It needs values: see [MinValues].
package changepoint

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// MinSegment is the least number of values of a segment. One value is no segment: it is
// an outlier.
const MinSegment = 2

// MinValues is the least number of values of which a lasting change can be told at the
// level 0.05: four of eight are apart from the others in two of their 70 choices, three of
// seven in two of 35. A loss that was mended can be told of six.
const MinValues = 8

// leastOrders is the least number of random orders of a test. With r orders the least P is
// 1/(r+1), so large families take more.
const leastOrders = 1999

// enough is the number of orders with a divergence as large as that of the series after
// which a test ends. P is then their share of the orders that were tried (Besag and
// Clifford, "Sequential Monte Carlo p-values", 1991), which is as valid and far cheaper.
const enough = 50

// Change is a place at which values change.
type Change struct {
	At    int     // index of the first value that is another
	P     float64 // of the permutation test, a share
	Shown bool    // it counts in the family too
}

// Find returns the changes of a series in the order in which they are found. Each has a P
// of at most level, so a series without changes shows any with a probability of at most
// level. Among a family of series that a reader looks through, that many are expected. So
// a change is Shown if its P, and that of all before it, is at most level/family: the
// family shows any with a probability of at most level (Bonferroni).
//
// The values must be finite and are not changed. The same values give the same changes:
// the random orders come from a fixed seed. A test of n values takes some n*n operations an
// order.
func Find(values []float64, level float64, family int) (changes []Change) {
	t := test{rng: rand.New(rand.NewPCG(1, uint64(len(values)))), orders: max(leastOrders, int(math.Ceil(2*float64(family)/level)))}
	segments := [][]float64{values}
	shown := true
	for {
		best, segment, at := t.divide(segments)
		if best <= 0 {
			return changes
		}
		p := t.p(segments, best)
		if p > level {
			return changes
		}
		start := 0
		for _, s := range segments[:segment] {
			start += len(s)
		}
		shown = shown && p <= level/float64(family)
		changes = append(changes, Change{start + at, p, shown})
		whole := segments[segment]
		segments = slices.Replace(segments, segment, segment+1, whole[:at], whole[at:])
	}
}

// Sorted returns changes by their places.
func Sorted(changes []Change) []Change {
	return slices.SortedFunc(slices.Values(changes), func(a, b Change) int { return cmp.Compare(a.At, b.At) })
}

// test is what the tests of a series share.
type test struct {
	rng            *rand.Rand
	orders         int
	whole, partial []float64 // of divideOne
}

// divide returns the largest divergence of all segments, and where it is: the segment, and
// the index of the first value of its second part. It is 0 if no segment can be divided.
func (t *test) divide(segments [][]float64) (best float64, segment, at int) {
	for i, s := range segments {
		if d, k := t.divideOne(s); d > best {
			best, segment, at = d, i, k
		}
	}
	return best, segment, at
}

// divideOne returns the largest divergence of two neighbouring parts of a segment, of which
// the first begins with it. Let sum(i, j) be the sum of the distances of the first i values from
// the first j. All that a divergence needs are sum(k, k) of every k, in whole, and sum(i, k) of
// the i at hand, in partial.
func (t *test) divideOne(s []float64) (best float64, at int) {
	t.whole, t.partial = append(t.whole[:0], 0), append(t.partial[:0], 0)
	for k, v := range s {
		sum := 0.0
		for _, o := range s[:k] {
			sum += max(o-v, v-o)
		}
		t.whole, t.partial = append(t.whole, t.whole[k]+2*sum), append(t.partial, 0)
	}
	for i := 1; i <= len(s)-MinSegment; i++ {
		v, row := s[i-1], 0.0
		for k, o := range s {
			row += max(o-v, v-o)
			t.partial[k+1] += row
		}
		if i < MinSegment {
			continue
		}
		first := t.whole[i]
		for k := i + MinSegment; k <= len(s); k++ {
			between := t.partial[k] - first
			second := t.whole[k] - first - 2*between
			n, m := float64(i), float64(k-i)
			if d := n * m / (n + m) * (2*between/(n*m) - first/(n*(n-1)) - second/(m*(m-1))); d > best {
				best, at = d, i
			}
		}
	}
	return best, at
}

// rounding is how much the sums of the same distances differ if they are added in another
// order, as a share.
const rounding = 1e-9

// p returns the share of random orders of the values within segments that have a divergence
// of at least best, that of the series itself among them.
func (t *test) p(segments [][]float64, best float64) float64 {
	shuffled := make([][]float64, len(segments))
	for i, s := range segments {
		shuffled[i] = slices.Clone(s)
	}
	large := 0
	for n := 1; n <= t.orders; n++ {
		for _, s := range shuffled {
			t.rng.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
		}
		if d, _, _ := t.divide(shuffled); d >= best*(1-rounding) {
			large++
		}
		if large == enough {
			return enough / float64(n)
		}
	}
	return float64(large+1) / float64(t.orders+1)
}

package dist

import (
	"math"
	"sort"
)

// The models of keys in "Characterizing, Modeling, and Benchmarking RocksDB Key-Value
// Workloads at Facebook" (Cao et al., FAST 2020), with the parameters that RocksDB's
// wiki gives for its benchmark mixgraph.
const (
	mixgraphKeyA    = 0.002312 // of the power model of ranks: F(x) = a x^b
	mixgraphKeyB    = 0.3467
	mixgraphRanges  = 30
	mixgraphRangeA  = 14.18 // of the two-term exponential model of key ranges
	mixgraphRangeB  = -2.917
	mixgraphRangeC  = 0.0164
	mixgraphRangeD  = -0.08082
	mixgraphSpecial = 0x6d697867 // seed of the order of key ranges
)

// mixgraph draws a key range, by popularity or over all keys, and a key within it:
// evenly, or by a rank whose hash says where in the range the key lies.
type mixgraph struct {
	src    Source
	n      uint64
	below  []float64 // the probability of the key ranges up to each, in the order of popularity; nil: one range
	order  *Permutation
	skewed bool
}

// NewMixgraph returns a generator over [0, n). prefix says that key ranges differ in
// popularity, and skewed that keys in a range do.
func NewMixgraph(n uint64, prefix, skewed bool, src Source) Generator {
	g := &mixgraph{src: src, n: n, skewed: skewed}
	if prefix && n >= mixgraphRanges {
		g.below = rangeShares()
		g.order = NewPermutation(mixgraphRanges, NewSource(mixgraphSpecial, 0)) // the same for all threads
	}
	return g
}

// rangeShares returns the distribution function of the key ranges.
func rangeShares() []float64 {
	below := make([]float64, mixgraphRanges)
	var sum float64
	for i := range below {
		x := float64(i + 1)
		sum += mixgraphRangeA*math.Exp(mixgraphRangeB*x) + mixgraphRangeC*math.Exp(mixgraphRangeD*x)
		below[i] = sum
	}
	for i := range below {
		below[i] /= sum
	}
	return below
}

// Next implements [Generator].
func (g *mixgraph) Next() uint64 {
	first, size := uint64(0), g.n
	if g.below != nil {
		u := g.src.Float64()
		drawn := sort.SearchFloat64s(g.below, u)
		size = g.n / mixgraphRanges
		first = g.order.at(uint64(min(drawn, mixgraphRanges-1))) * size
	}
	if !g.skewed {
		return first + g.src.Below(size)
	}
	rank := math.Pow(g.src.Float64()/mixgraphKeyA, 1/mixgraphKeyB)
	return first + mix(uint64(rank)+golden)%size
}

// Resize implements [Generator].
func (g *mixgraph) Resize(n uint64) { g.n = n }

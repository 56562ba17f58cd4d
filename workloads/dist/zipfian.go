package dist

import (
	"math"
	"math/bits"
)

// zipfian draws index k with probability proportional to 1 / (k+1)^theta.
//
// Other methods exist. YCSB uses that of Gray et al. ("Quickly Generating
// Billion-Record Synthetic Databases", SIGMOD 1994): it takes one power a draw, is
// exact only for the first two indices, needs theta < 1, and sums over all n before the
// first draw. Rejection-inversion (Hörmann, Derflinger, TOMACS 1996) is exact, but
// takes a logarithm and an exponential a draw. This one is exact for every theta >= 0
// and takes a power in about 3% of the draws:
//
//   - [0, n) is cut into strips. They are one index wide at the head, and 1/32 of their
//     first rank wide further on; there are about 32 ln n of them.
//   - A strip is drawn with the weight (width x weight of its first index), by the
//     alias method (Walker 1977; Vose, IEEE TSE 1991). Then an index within the strip is
//     drawn uniformly.
//   - The index is kept with probability weight / weight of the strip's first index. It
//     is kept without computing its weight if the strip's last index would be kept.
//
// This is rejection under a piecewise constant hat with a squeeze (Ahrens, "A one-table
// method for sampling from continuous and discrete distributions", Computing 54, 1995).
// The strips reach an eighth beyond n, and indices there are rejected too. So n may
// grow by one at no cost, and the strips (20 to 25 KB for a million keys and more) are
// rarely built again.
type zipfian struct {
	src    Source
	strips []strip
	n      uint64
	end    uint64 // of the last strip, end >= n
	theta  float64
}

// strip is a run of indices, and one column of the alias table.
type strip struct {
	first   uint64
	keep    uint64 // the column itself is used if the drawn fraction, of 2^64, is below keep
	squeeze uint64 // weight of the last index over that of the first, of 2^64, rounded down
	width   uint32
	alias   uint32 // the strip to use otherwise
}

// stripShare is the width of a strip as a share of its first rank.
const stripShare = 32

// maxIndices bounds n so that a strip's width fits its field.
const maxIndices = 1 << 36

// newZipfian returns a generator over [0, n) that favours 0; theta >= 0.
func newZipfian(n uint64, theta float64, src Source) *zipfian {
	g := &zipfian{src: src, theta: theta}
	g.Resize(n)
	return g
}

// Resize implements [Generator]; n is at most 2^36.
func (g *zipfian) Resize(n uint64) {
	g.n = n
	if n > g.end || n < g.end/2 {
		g.build(n + n/8)
	}
}

// Next implements [Generator]. Only rejections branch. Which strip is drawn cannot be
// predicted, so arithmetic chooses between column and alias.
func (g *zipfian) Next() uint64 {
	for {
		column, fraction := bits.Mul64(g.src.Uint64(), uint64(len(g.strips)))
		s := &g.strips[column]
		i := column
		if fraction >= s.keep {
			i = uint64(s.alias)
		}
		s = &g.strips[i]
		offset, u := bits.Mul64(g.src.Uint64(), uint64(s.width))
		k := s.first + offset
		if u > s.squeeze && !g.accept(s, k, u) {
			continue
		}
		if k < g.n {
			return k
		}
	}
}

// accept says whether a draw u, of 2^64, keeps index k of strip s.
func (g *zipfian) accept(s *strip, k, u uint64) bool {
	ratio := float64(s.first+1) / float64(k+1)
	return float64(u)*0x1p-64 < math.Pow(ratio, g.theta)
}

// build cuts [0, end) into strips and fills the alias table.
func (g *zipfian) build(end uint64) {
	if end > maxIndices*9/8 {
		panic("dist: zipfian over more than 2^36 indices")
	}
	g.strips = g.strips[:0]
	var weights []float64
	for first := uint64(0); first < end; {
		width := max(1, (first+1)/stripShare)
		g.strips = append(g.strips, strip{first: first, width: uint32(width), squeeze: math.MaxUint64})
		if width > 1 {
			ratio := float64(first+1) / float64(first+width)
			g.strips[len(g.strips)-1].squeeze = fixed64(math.Pow(ratio, g.theta) - 0x1p-50)
		}
		weights = append(weights, float64(width)*math.Pow(float64(first+1), -g.theta))
		first += width
	}
	last := g.strips[len(g.strips)-1]
	g.end = last.first + uint64(last.width)
	fillAlias(g.strips, weights)
}

// fillAlias is Vose's O(n) construction. It consumes weights.
func fillAlias(strips []strip, weights []float64) {
	var sum float64
	for _, w := range weights {
		sum += w
	}
	var small, large []int
	for i := range weights {
		weights[i] *= float64(len(weights)) / sum
		if weights[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		strips[s].keep, strips[s].alias = fixed64(weights[s]), uint32(l)
		if weights[l] -= 1 - weights[s]; weights[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	// The remaining columns weigh 1, except for rounding; each must be its own alias.
	for _, i := range append(small, large...) {
		strips[i].keep, strips[i].alias = math.MaxUint64, uint32(i)
	}
}

// fixed64 turns x in [0, 1] into a fraction of 2^64.
func fixed64(x float64) uint64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return math.MaxUint64
	}
	return uint64(x * 0x1p64)
}

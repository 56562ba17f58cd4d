package dist

import "math"

// nearSorted visits [0, n) almost in order. A fraction k of the indices is out of its
// place, by at most l*n places: the (K, L)-sortedness of Ben-Moshe et al. ("Detecting
// and Exploiting Near-Sortedness for Efficient Relational Query Evaluation", ICDT 2011),
// by which BoDS makes its input (Raman et al., "BoDS: A Benchmark on Data Sortedness",
// TPCTC 2022).
//
// Indices are exchanged in pairs, so the order is its own inverse, and needs no memory:
// in a window of 2^b <= l*n+1 places, place j is paired with j xor m, m from the window's
// own draw. A pair is exchanged with probability k.
type nearSorted struct {
	seq       Sequential
	seed      uint64
	width     uint64 // of a window, a power of two
	exchanged uint64 // a pair whose hash is below is exchanged
}

// NewNearSorted returns a generator that visits [0, n), from the place first on. k and l
// are in [0, 1]. The order follows from src, so generators of equal sources share one.
func NewNearSorted(n, first uint64, k, l float64, src Source) Generator {
	g := &nearSorted{seq: *NewSequential(n, first), seed: src.Uint64(), width: 1, exchanged: fixed64(k)}
	for far := math.Min(l*float64(n), float64(n-1)) + 1; float64(2*g.width) <= far; {
		g.width *= 2
	}
	return g
}

// Next implements [Generator].
func (g *nearSorted) Next() uint64 { return g.at(g.seq.Next()) }

// at returns the index at a place.
func (g *nearSorted) at(place uint64) uint64 {
	if g.width == 1 {
		return place
	}
	window := place / g.width
	m := 1 + mix(g.seed+window*golden)%(g.width-1)
	other := place ^ m // in the same window, which begins at a multiple of its width
	if other >= g.seq.n || mix(g.seed^mix(min(place, other))) >= g.exchanged {
		return place
	}
	return other
}

// Resize implements [Generator].
func (g *nearSorted) Resize(n uint64) { g.seq.Resize(n) }

package dist

import "math/bits"

// Permutation is a random order of [0, n) that needs no memory. It is an invertible mix
// of as many bits as n needs, repeated while the result is outside of [0, n) (cycle
// walking: Black, Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002). At is
// pure, so goroutines may share a Permutation.
type Permutation struct {
	n, mask uint64
	shift   uint
	mul     [3]uint64 // odd
	add     [3]uint64
}

// NewPermutation returns an order of [0, n) drawn from src.
func NewPermutation(n uint64, src Source) *Permutation {
	width := uint(bits.Len64(max(n, 2) - 1))
	p := &Permutation{n: n, mask: 1<<width - 1, shift: (width + 1) / 2}
	for i := range p.mul {
		p.mul[i], p.add[i] = src.Uint64()|1, src.Uint64()
	}
	return p
}

// at returns the index at position i < n.
func (p *Permutation) at(i uint64) uint64 {
	for {
		for r := range p.mul {
			i = (i*p.mul[r] + p.add[r]) & p.mask
			i ^= i >> p.shift
		}
		if i < p.n {
			return i
		}
	}
}

// Permuted visits a [Permutation] in order, and starts again after its end.
type Permuted struct {
	order *Permutation
	seq   Sequential
}

// NewPermuted returns a Permuted over order that begins at position first.
func NewPermuted(order *Permutation, first uint64) *Permuted {
	return &Permuted{order, *NewSequential(order.n, first)}
}

// Next implements [Generator].
func (g *Permuted) Next() uint64 { return g.order.at(g.seq.Next()) }

// Resize implements [Generator]; n must not exceed the permutation's.
func (g *Permuted) Resize(n uint64) { g.seq.Resize(n) }

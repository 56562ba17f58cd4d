package dist

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// ScrambledItems is the number of items that [Scrambled] draws from, whatever n
// is (ITEM_COUNT of YCSB's ScrambledZipfianGenerator).
const ScrambledItems = 10_000_000_000

// Scrambled spreads the hot items of a zipfian distribution over [0, n): a draw
// from [Zipfian] over [ScrambledItems] items, hashed by [Hash] modulo n, as in
// YCSB. Growing n moves the hot items; YCSB draws over the final n from the
// start instead and repeats draws of keys that do not exist yet.
type Scrambled struct {
	zipf       Zipfian
	n          uint64
	reciprocal uint64 // floor((2^64-1) / n)
}

// NewScrambled returns a generator over [0, n).
func NewScrambled(n uint64, theta float64, src Source) *Scrambled {
	g := &Scrambled{zipf: *NewZipfian(ScrambledItems, theta, src)}
	g.Resize(n)
	return g
}

// Next implements [Generator].
func (g *Scrambled) Next() uint64 {
	h := Hash(g.zipf.Next())
	// h mod n without a division: the estimated quotient is at most 1 short,
	// because h/n - h*reciprocal/2^64 < 1.
	q, _ := bits.Mul64(h, g.reciprocal)
	r := h - q*g.n
	if r >= g.n {
		r -= g.n
	}
	return r
}

// Resize implements [Generator].
func (g *Scrambled) Resize(n uint64) { g.n, g.reciprocal = n, math.MaxUint64/n }

// FNV-1a, 64 bits.
const (
	fnvOffset = 0xcbf29ce484222325
	fnvPrime  = 0x100000001b3
	fnvPrime3 = fnvPrime * fnvPrime * fnvPrime & math.MaxUint64
)

// Hash is FNV-1a over the eight bytes of v, lowest first: YCSB's
// Utils.fnvhash64 before it takes the absolute value. Java's sign would merge
// pairs of keys, so it is left out here.
func Hash(v uint64) uint64 {
	if v>>40 != 0 {
		return hashWide(v)
	}
	h := uint64(fnvOffset)
	h = (h ^ v&0xff) * fnvPrime
	h = (h ^ v>>8&0xff) * fnvPrime
	h = (h ^ v>>16&0xff) * fnvPrime
	h = (h ^ v>>24&0xff) * fnvPrime
	h = (h ^ v>>32) * fnvPrime
	return h * fnvPrime3 // three zero bytes
}

func hashWide(v uint64) uint64 {
	h := uint64(fnvOffset)
	for _, b := range binary.LittleEndian.AppendUint64(nil, v) {
		h = (h ^ uint64(b)) * fnvPrime
	}
	return h
}

package dist

import (
	"math"
	"math/bits"
)

// scrambledItems is the number of items that scrambled draws from, whatever n
// is (ITEM_COUNT of YCSB's ScrambledZipfianGenerator).
const scrambledItems = 10_000_000_000

// scrambled spreads the hot items of a zipfian distribution over [0, n). It draws from
// zipfian over scrambledItems items, and takes the [Hash] of the item modulo n, as
// YCSB does. When n grows, the hot items move. YCSB avoids this: it draws over the
// final n from the start, and repeats draws of keys that do not exist yet.
type scrambled struct {
	zipf       zipfian
	n          uint64
	reciprocal uint64 // floor((2^64-1) / n)
}

// newScrambled returns a generator over [0, n).
func newScrambled(n uint64, theta float64, src Source) *scrambled {
	g := &scrambled{zipf: *newZipfian(scrambledItems, theta, src)}
	g.Resize(n)
	return g
}

// Next implements [Generator].
func (g *scrambled) Next() uint64 {
	h := hash40(g.zipf.Next())
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
func (g *scrambled) Resize(n uint64) { g.n, g.reciprocal = n, math.MaxUint64/n }

// FNV-1a, 64 bits.
const (
	fnvOffset = 0xcbf29ce484222325
	fnvPrime  = 0x100000001b3
	fnvPrime3 = fnvPrime * fnvPrime * fnvPrime & math.MaxUint64
	fnvPrime5 = fnvPrime3 * fnvPrime * fnvPrime & math.MaxUint64
)

// Hash is FNV-1a over the eight bytes of v, lowest first. It is YCSB's Utils.fnvhash64
// before that takes the absolute value: the sign of Java's numbers would merge pairs of
// keys, so it is left out here.
//
// Each step costs the latency of a multiplication, and a zero byte only multiplies. So
// high zero bytes are processed in one step.
func Hash(v uint64) uint64 {
	if v>>24 != 0 {
		return hashWide(v)
	}
	h := uint64(fnvOffset)
	h = (h ^ v&0xff) * fnvPrime
	h = (h ^ v>>8&0xff) * fnvPrime
	h = (h ^ v>>16) * fnvPrime
	return h * fnvPrime5
}

// hash40 is Hash for v < 2^40, without a branch. It is for items whose number of bytes
// is unpredictable.
func hash40(v uint64) uint64 {
	h := uint64(fnvOffset)
	h = (h ^ v&0xff) * fnvPrime
	h = (h ^ v>>8&0xff) * fnvPrime
	h = (h ^ v>>16&0xff) * fnvPrime
	h = (h ^ v>>24&0xff) * fnvPrime
	h = (h ^ v>>32) * fnvPrime
	return h * fnvPrime3
}

func hashWide(v uint64) uint64 {
	h := uint64(fnvOffset)
	for range 8 {
		h = (h ^ v&0xff) * fnvPrime
		v >>= 8
	}
	return h
}

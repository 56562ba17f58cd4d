package memtabletest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/testseed"
)

// shapes are sets of keys that have broken ordered structures by their order of
// arrival, by their length, or by the comparison of their abbreviations.
func shapes(rng *rand.Rand) map[string][][]byte {
	n := scaled(400)
	s := map[string][][]byte{}
	for i := range n {
		put := func(name string, key []byte) { s[name] = append(s[name], key) }
		put("sequential", binary.BigEndian.AppendUint64(nil, uint64(i)))
		put("reverse", binary.BigEndian.AppendUint64(nil, uint64(n-i)))
		put("zigzag", binary.BigEndian.AppendUint32(nil, uint32(n+i*(1-i%2*2))))
		put("random", randomKey(rng, 24, 256))
		put("few letters", randomKey(rng, 12, 2))
		put("common prefix", append([]byte("tenant/0000000000000001/table/"), randomKey(rng, 4, 10)...))
		put("prefix and outsiders", append([]byte("userabcdefghijkl")[:rng.IntN(17)], randomKey(rng, 3, 256)...))
		put("decimal", fmt.Appendf(nil, "user%d", rng.Uint32()))
		put("same head", append([]byte("01234567"), randomKey(rng, 3, 3)...))
		// Zero-padded to 8 bytes these are all alike, and yet all differ.
		put("head border", append([]byte("a"), make([]byte, i%20)...))
		put("zeros", make([]byte, i%40))
		put("ones", bytes.Repeat([]byte{0xff}, i%40))
		put("ones and zeros", append(bytes.Repeat([]byte{0xff}, i%12), make([]byte, i/12%12)...))
		put("around 8", append(bytes.Repeat([]byte{0x80}, 6+i%4), randomKey(rng, 2, 2)...))
	}
	return s
}

func randomKey(rng *rand.Rand, maxSize, letters int) []byte {
	k := make([]byte, rng.IntN(maxSize+1))
	for i := range k {
		k[i] = byte(rng.IntN(letters))
	}
	return k
}

// testShapes adds each shape in its order and shuffled. Keys that repeat within a shape
// become versions.
func testShapes(t *testing.T, f memtable.Factory) {
	rng := testseed.Rand(t)
	for name, keys := range shapes(rng) {
		for _, shuffled := range []bool{false, true} {
			if shuffled {
				rng.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
			}
			t.Run(fmt.Sprintf("%s/shuffled=%v", name, shuffled), func(t *testing.T) {
				tb := newTable(t, f)
				for i, k := range keys {
					tb.set(k, i%30)
				}
				tb.check()
			})
		}
	}
}

// testRandom mixes all shapes in one table and checks the table as it grows. So a
// choice that a table makes while it is small meets keys that it did not foresee.
func testRandom(t *testing.T, f memtable.Factory) {
	rng := testseed.Rand(t)
	var keys [][]byte
	for _, ks := range shapes(rng) {
		keys = append(keys, ks...)
	}
	tb := newTable(t, f)
	for i := range scaled(3000) {
		kind, size := ikey.Set, rng.IntN(60)
		if rng.IntN(4) == 0 {
			kind, size = ikey.Delete, 0
		}
		k := keys[rng.IntN(len(keys))]
		// Odd steps of a power of two: unique, and in no order.
		seq := ikey.Seq(i*2654435761%(1<<32) + 1)
		tb.add(k, seq, kind, valueOf(k, seq, size))
		if i < 100 && i%10 == 0 {
			tb.check()
		}
	}
	tb.check()
}

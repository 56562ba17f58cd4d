package skiplist

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// FuzzAbbreviator learns from three keys and checks on two others, and on all
// five, that the smaller abbreviation belongs to the smaller key.
func FuzzAbbreviator(f *testing.F) {
	f.Add([]byte("user1"), []byte("user2"), []byte("user30"), []byte("use"), []byte("user\xff"))
	f.Add([]byte("a"), []byte("a\x00"), []byte("a\x00\x00"), []byte(""), []byte("a\x00\x00\x00"))
	f.Add([]byte{}, []byte{}, []byte{255}, []byte{255, 255}, []byte{0})
	f.Add([]byte{0, 0, 1, 9}, []byte{0, 0, 1, 9}, []byte{0, 0, 2, 0}, []byte{0, 1}, []byte{0, 0, 1, 200})
	f.Fuzz(func(t *testing.T, a, b, c, d, e []byte) {
		sample := [][]byte{a, b, c}
		slices.SortFunc(sample, bytes.Compare)
		checkAbbreviator(t, newAbbreviator(sample), [][]byte{a, b, c, d, e})
	})
}

func checkAbbreviator(t *testing.T, ab *abbreviator, keys [][]byte) {
	keys = slices.SortedFunc(slices.Values(keys), bytes.Compare)
	for i := 1; i < len(keys); i++ {
		if x, y := ab.of(keys[i-1]), ab.of(keys[i]); x > y {
			t.Fatalf("%q < %q, but abbreviations %#x > %#x; %+v", keys[i-1], keys[i], x, y, ab)
		}
	}
}

// TestAbbreviator checks order on keys of the sample's kind and on foreign ones,
// and that keys of the kinds that benchmarks use rarely share an abbreviation.
func TestAbbreviator(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 1 << 17
	for name, kind := range map[string]struct {
		key      func() []byte
		distinct float64 // least share
	}{
		"db_bench": {func() []byte {
			return append(binary.BigEndian.AppendUint64(nil, rng.Uint64N(n)), "00000000"...)
		}, 0.99},
		"YCSB":   {func() []byte { return fmt.Appendf(nil, "user%d", rng.Uint64()) }, 0.99},
		"padded": {func() []byte { return fmt.Appendf(nil, "user%012d", rng.Uint64N(n)) }, 0.99},
		"random": {func() []byte { return binary.NativeEndian.AppendUint64(nil, rng.Uint64()) }, 0.99},
	} {
		t.Run(name, func(t *testing.T) {
			keys := make([][]byte, n)
			for i := range keys {
				keys[i] = kind.key()
			}
			slices.SortFunc(keys, bytes.Compare)
			keys = slices.CompactFunc(keys, bytes.Equal)
			var sample [][]byte
			for i := 0; i < len(keys); i += 300 {
				sample = append(sample, keys[i])
			}
			ab := newAbbreviator(sample)
			seen := map[uint32]bool{}
			for _, k := range keys {
				seen[ab.of(k)] = true
			}
			if share := float64(len(seen)) / float64(len(keys)); share < kind.distinct {
				t.Errorf("%.3f of the keys have an abbreviation of their own, want %.3f", share, kind.distinct)
			}
			for range 1000 {
				foreign := bytes.Clone(keys[rng.IntN(len(keys))])
				foreign[rng.IntN(len(foreign))] += byte(rng.IntN(3) - 1)
				keys = append(keys, foreign[:1+rng.IntN(len(foreign))])
			}
			checkAbbreviator(t, ab, keys)
		})
	}
}

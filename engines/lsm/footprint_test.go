package lsm

import (
	"fmt"
	"testing"

	"lsmlab/engines/lsm/sstable"
	"lsmlab/engines/testseed"
)

// TestFootprint fills footprints at random and compares what they hold with what was
// added, key by key.
func TestFootprint(t *testing.T) {
	rng := testseed.Rand(t)
	const keys = 40
	key := func(i int) []byte { return fmt.Appendf(nil, "%02d", i) }
	var f footprint
	for range 3000 {
		var want [keys]bool
		f.reset()
		for range rng.IntN(4) {
			i := rng.IntN(keys)
			f.addKey(key(i))
			want[i] = true
		}
		for range rng.IntN(5) {
			first := rng.IntN(keys)
			last := min(keys-1, first+rng.IntN(6))
			r := keyRange{first: key(first), last: key(last)}
			switch rng.IntN(8) {
			case 0:
				r.endless, last = true, keys-1
				r.last = nil
			case 1, 2:
				r.open = true
				last--
			}
			if first == 0 && rng.IntN(2) == 0 {
				r.first = nil
			}
			f.ranges = append(f.ranges, r)
			for i := first; i <= last; i++ {
				want[i] = true
			}
		}
		added := fmt.Sprintf("%+v", f)
		f.seal()
		for i := range keys {
			if f.has(key(i)) != want[i] {
				t.Fatalf("%s: %v that it holds %s; sealed: %+v", added, !want[i], key(i), f)
			}
		}
	}
}

// TestFootprintHashes gives a key the hash of another: equal hashes are no conflict.
func TestFootprintHashes(t *testing.T) {
	f := footprint{keys: []hashedKey{{sstable.Hash([]byte("a")), []byte("b")}}}
	f.seal()
	if f.has([]byte("a")) {
		t.Error("a key is taken for another of its hash")
	}
}

package rbtree

import (
	"slices"
	"testing"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/testseed"
)

// TestHeadsKeepOrder chooses prefixes from pairs of keys and compares the heads
// of all keys, also of those outside the pair: a head that falls as keys rise
// would send a search the wrong way. Few letters, zeros among them, make keys
// that are prefixes of each other.
func TestHeadsKeepOrder(t *testing.T) {
	rng := testseed.Rand(t)
	tb := newTable(memtable.Options{}, defaultTuning)
	defer tb.Release()
	for range 100 {
		shared := make([]byte, rng.IntN(40))
		var keys []ikey.Key
		for i := range 60 {
			user := slices.Clone(shared[:len(shared)-rng.IntN(len(shared)+1)*rng.IntN(2)])
			for range rng.IntN(12) {
				user = append(user, "\x00\x01\xff"[rng.IntN(3)])
			}
			keys = append(keys, ikey.New(user, ikey.Seq(i+1), ikey.Set), ikey.New(user, ikey.Seq(i+100), ikey.Set))
		}
		slices.SortFunc(keys, ikey.Compare)
		var refs []arena.Ref
		for _, k := range keys {
			refs = append(refs, tb.newEntry(k, nil))
		}
		for range 20 {
			i := rng.IntN(len(keys))
			j := i + rng.IntN(len(keys)-i)
			if rng.IntN(4) == 0 {
				j = min(i+1, j)
			}
			var a abbrev
			p := tb.prefixOf(refs[i], refs[j])
			tb.set(&a, p)
			last := uint64(0)
			for _, k := range keys {
				h := tb.head(&a, k)
				if h < last {
					t.Fatalf("prefix %q, whole key %v: %v has head %x, below %x of the key before",
						tb.prefixBytes(p), p&wholeKey != 0, k, h, last)
				}
				last = h
			}
		}
	}
}

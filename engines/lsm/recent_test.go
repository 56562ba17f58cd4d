package lsm

import (
	"fmt"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
)

// TestRecent asks rings of all sizes for keys. Batch i has the LSNs 2i+1 and 2i+2, and the
// keys "i" and "i+". Batch 4 is not noted, as before a transaction was open, and batch 7
// is too large. The ring must find each key that it holds, and say that it cannot tell
// where one that it was asked for is not there.
func TestRecent(t *testing.T) {
	const batches, hole, large = 10, 4, 7
	for size := 1; size <= batches+2; size++ {
		r := recent{batches: make([]recentBatch, size)}
		for i := range batches {
			var b kv.Batch
			b.Set(fmt.Append(nil, i), nil)
			b.Delete(fmt.Append(nil, i, "+"))
			if i == large {
				b.Set(make([]byte, mostRecentBytes), nil)
			}
			if i == hole {
				continue
			}
			r.add(ikey.Seq(2*i+1), ikey.Seq(2*i+2), &b)
			for seen := range i + 1 {
				for key := range i + 1 {
					var f footprint
					f.addKey(fmt.Append(nil, key, "+"))
					f.seal()
					found, at, ok := r.find(&f, ikey.Seq(2*seen), ikey.Seq(2*i+2))
					unknown := newestUnknown(i, size, hole, large)
					switch {
					case key >= seen && key > unknown: // it is there
						if !ok || at == nil || string(found) != fmt.Sprint(key, "+") || at.last != ikey.Seq(2*key+2) {
							t.Fatalf("ring of %d, %d batches, after batch %d: %d is not found: %q, %v", size, i, seen, key, found, ok)
						}
					case ok != (seen > unknown) || at != nil:
						t.Fatalf("ring of %d, %d batches, after batch %d: asked for %d, it says %q, %v", size, i, seen, key, found, ok)
					}
				}
			}
		}
	}
}

// newestUnknown returns the newest batch up to i that a ring cannot hold; -1 if there is
// none.
func newestUnknown(i, size, hole, large int) int {
	for held := 0; i >= 0; i-- {
		if held == size || i == hole || i == large {
			return i
		}
		held++
	}
	return -1
}

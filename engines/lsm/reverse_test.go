package lsm

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/memtable/bptree"
	"lsmlab/engines/lsm/memtable/variants"
	"lsmlab/engines/lsm/sstable"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// entriesUp and entriesDown walk over all of a scan and return "key=value" in key order.
func entriesUp(it kv.Iterator) (all []string, err error) {
	for it.Next() {
		all = append(all, fmt.Sprintf("%s=%s", it.Key(), it.Value()))
	}
	return all, it.Close()
}

func entriesDown(it kv.ReverseIterator) (all []string, err error) {
	for it.Prev() {
		all = append(all, fmt.Sprintf("%s=%s", it.Key(), it.Value()))
	}
	slices.Reverse(all)
	return all, it.Close()
}

// TestReverseBesideWriters takes snapshots while others write, flush and compact, and
// compares walks downwards with walks upwards, over all and between random bounds. It
// fails for a MemTable whose iterator misses entries beside writers, and for an iterator
// that takes an older version for the newest.
func TestReverseBesideWriters(t *testing.T) {
	for _, v := range variants.All() {
		t.Run(v.Name, func(t *testing.T) {
			db, err := Open("db", Options.Small(Options{FS: vfs.NewMem(), MemTable: v.New}))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			const rounds = 60
			done := make(chan struct{})
			var wg sync.WaitGroup
			for range 2 {
				rng := testseed.Rand(t)
				wg.Go(func() {
					for n := 0; ; n++ {
						select {
						case <-done:
							return
						default:
						}
						var b kv.Batch
						for range 1 + rng.IntN(10) {
							key := fmt.Appendf(nil, "%03d", min(rng.IntN(300), rng.IntN(300)))
							if rng.IntN(4) == 0 {
								b.Delete(key)
							} else {
								b.Set(key, fmt.Append(nil, n))
							}
						}
						if err := db.Apply(&b, kv.Volatile); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			rng := testseed.Rand(t)
			for range rounds {
				snap, err := db.Snapshot()
				if err != nil {
					t.Error(err)
					break
				}
				for i := range 4 {
					var lower, upper []byte
					if i > 0 {
						lower, upper = fmt.Appendf(nil, "%03d", rng.IntN(150)), fmt.Appendf(nil, "%03d", rng.IntN(300))
					}
					up, errUp := entriesUp(snap.Scan(lower, upper))
					down, errDown := entriesDown(snap.(kv.ReverseScanner).ScanReverse(lower, upper))
					if err := errors.Join(errUp, errDown); err != nil || !slices.Equal(up, down) {
						t.Errorf("[%s, %s): upwards %v, downwards %v, %v", lower, upper, up, down, err)
					}
				}
				if err := snap.Close(); err != nil {
					t.Error(err)
				}
			}
			close(done)
			wg.Wait()
		})
	}
}

// TestReverseReadFault fails the n-th read of a table, for each n until a walk meets none.
// A walk must say so in Close, and must show the last entries of the store until then: an
// older version in their place, or a gap, would be wrong data.
func TestReverseReadFault(t *testing.T) {
	reads, failAt := 0, -1
	boom := errors.New("read fails")
	o := Options{
		MemTable: bptree.New, ReadMode: sstable.Positioned, CacheSize: 1, BlockSize: 1,
		FS: vfs.NewInject(vfs.NewMem(), func(op vfs.Op) (f vfs.Fault) {
			if op.Kind == vfs.OpRead && path.Ext(op.Path) == ".sst" {
				if reads++; reads == failAt {
					f.Err = boom
				}
			}
			return f
		}),
	}
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, value := range []string{"old", "newer", "newest"} {
		for i := range 20 {
			set(t, db, fmt.Sprintf("%02d", i), value)
		}
		check(t, db.Flush())
	}
	want, err := entriesDown(db.ScanReverse(nil, nil))
	if err != nil || len(want) != 20 {
		t.Fatal(want, err)
	}
	for n := 1; ; n++ {
		reads, failAt = 0, n
		got, err := entriesDown(db.ScanReverse(nil, nil))
		if reads < n {
			if n < 20 || err != nil || !slices.Equal(got, want) {
				t.Fatalf("%d reads, %v, %v", reads, got, err)
			}
			return
		}
		if !errors.Is(err, boom) || !slices.Equal(got, want[len(want)-len(got):]) {
			t.Fatalf("read %d fails: %v, %v", n, got, err)
		}
	}
}

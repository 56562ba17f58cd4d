package lsm

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/testseed"
)

// TestPins adds and removes pins at random, from several goroutines at once, and compares
// the list with those that are there in the end.
func TestPins(t *testing.T) {
	var l pins
	var visible publisher
	rng := testseed.Rand(t)
	seeds := make([]int, 4)
	for i := range seeds {
		seeds[i] = 3 + rng.IntN(5)
	}
	left := make([][]*pin, len(seeds))
	var wg sync.WaitGroup
	for i, every := range seeds {
		wg.Go(func() {
			var mine []*pin
			for n := range 2000 {
				p := new(pin)
				l.add(p, &visible)
				visible.visible.Add(1)
				mine = append(mine, p)
				if n%every != 0 {
					k := (n * 7919) % len(mine)
					l.remove(mine[k])
					mine = slices.Delete(mine, k, k+1)
				}
			}
			left[i] = mine
		})
	}
	wg.Wait()
	var want []ikey.Seq
	for _, p := range slices.Concat(left...) {
		want = append(want, p.seq)
	}
	slices.Sort(want)
	if got := l.list(); !slices.Equal(got, slices.Compact(want)) {
		t.Fatalf("%d LSNs, want %d", len(got), len(want))
	}
	for _, p := range slices.Concat(left...) {
		l.remove(p)
	}
	if got := l.list(); len(got) != 0 {
		t.Fatalf("%v is left", got)
	}
}

// TestLongReader overwrites keys again and again beside one open snapshot. It costs one
// version of each key, however often that is written, and still reads its own.
func TestLongReader(t *testing.T) {
	const keys, rounds = 50, 200
	db := openTxns(t, nil)
	write := func(round int) {
		var b kv.Batch
		for i := range keys {
			b.Set(fmt.Appendf(nil, "key%03d", i), fmt.Append(nil, round))
		}
		check(t, db.Apply(&b, kv.Buffered))
	}
	write(0)
	reader, err := db.Snapshot()
	check(t, err)
	for round := 1; round <= rounds; round++ {
		write(round)
		if round%20 == 0 {
			check(t, db.Flush())
		}
	}
	check(t, db.Compact())
	var entries uint64
	for _, lt := range db.state.Load().version.Tables() {
		entries += lt.Table.Entries
	}
	if entries != 2*keys {
		t.Errorf("%d versions of %d keys", entries, keys)
	}
	for _, entry := range walkAll(t, reader.Scan(nil, nil)) {
		if !strings.HasSuffix(entry, "=0") {
			t.Errorf("the reader finds %s", entry)
		}
	}
	check(t, reader.Close())
}

// TestSnapshotGivesBack keeps versions and tombstones in tables by open snapshots and
// transactions. When the last of those that need them is closed, and no sooner, the
// tables are written again without them, with no other cause.
func TestSnapshotGivesBack(t *testing.T) {
	const keys = 200
	for _, style := range []CompactionStyle{Leveled, Tiered} {
		for _, deletes := range []bool{false, true} {
			for _, merged := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v, deletes %v, merged %v", style, deletes, merged), func(t *testing.T) {
					db := openTxns(t, func(o *Options) {
						o.Compaction, o.Deterministic = style, true
						o.MemTableSize, o.L0CompactionTrigger = 1<<20, 50
					})
					settle := func() {
						t.Helper()
						check(t, db.Flush())
						if merged {
							check(t, db.Compact())
						}
						check(t, db.Settle())
					}
					write := func(deletes bool) {
						var b kv.Batch
						for i := range keys {
							if key := fmt.Appendf(nil, "key%03d", i); deletes {
								b.Delete(key)
							} else {
								b.Set(key, []byte("value"))
							}
						}
						check(t, db.Apply(&b, kv.Buffered))
					}
					entries := func(want uint64, when string) {
						t.Helper()
						var n uint64
						for _, lt := range db.state.Load().version.Tables() {
							n += lt.Table.Entries
						}
						if n != want {
							t.Errorf("%s: %d entries in tables, want %d", when, n, want)
						}
					}
					write(false)
					first, err := db.Snapshot()
					check(t, err)
					second := begin(t, db, kv.SnapshotIsolation) // of the same LSN
					write(deletes)
					settle()
					entries(2*keys, "with two readers")
					check(t, first.Close())
					check(t, db.Settle())
					entries(2*keys, "with one reader")
					second.Discard()
					check(t, db.Settle())
					if deletes {
						entries(0, "with none, all deleted")
					} else {
						entries(keys, "with none")
					}
					if n := len(walkAll(t, db.Scan(nil, nil))); n != keys && !deletes || n != 0 && deletes {
						t.Errorf("%d keys are left", n)
					}
				})
			}
		}
	}
}

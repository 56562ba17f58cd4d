package lsm

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/gc"
	"lsmlab/engines/lsm/memtable/bptree"
	"lsmlab/engines/vfs"
)

// rangeStore returns a store of some small tables in the deepest level that hold n keys.
func rangeStore(t testing.TB, n int, adapt ...func(*Options)) *DB {
	t.Helper()
	o := Options{MemTable: bptree.New, FS: vfs.NewMem(), TableSize: 64 << 10, MemTableSize: 1 << 20}
	for _, adapt := range adapt {
		adapt(&o)
	}
	db, err := Open("/db", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil && !errors.Is(err, kv.ErrClosed) {
			t.Error(err)
		}
	})
	var b kv.Batch
	for i := range n {
		b.Set(fmt.Appendf(nil, "%08d", i), fmt.Appendf(nil, "value %0100d", i))
		if b.Len() == 1000 || i == n-1 {
			if err := db.Apply(&b, kv.Buffered); err != nil {
				t.Fatal(err)
			}
			b.Reset()
		}
	}
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	return db
}

func deleteKeys(t testing.TB, db *DB, from, to int) {
	t.Helper()
	var b kv.Batch
	b.DeleteRange(fmt.Appendf(nil, "%08d", from), fmt.Appendf(nil, "%08d", to))
	if err := db.Apply(&b, kv.Buffered); err != nil {
		t.Fatal(err)
	}
}

// versionsOf returns how many versions the tables hold, and how many range deletes there are.
func versionsOf(db *DB) (entries uint64, ranges int) {
	s := db.state.Load()
	for _, lt := range s.version.Tables() {
		entries += lt.Table.Entries
	}
	return entries, len(s.version.Ranges.Ranges())
}

// TestRangeDeletesGo: a large range delete has tables written again without what it hides,
// and goes, without any other write and without Compact.
func TestRangeDeletesGo(t *testing.T) {
	const n = 20_000
	db := rangeStore(t, n)
	deleteKeys(t, db, 1000, 15_000)
	if err := errors.Join(db.Flush(), db.Settle()); err != nil {
		t.Fatal(err)
	}
	entries, _ := versionsOf(db)
	if entries > n-14_000+2000 {
		t.Errorf("%d versions are left of %d", entries, n-14_000)
	}
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	if entries, ranges := versionsOf(db); entries != n-14_000 || ranges != 0 {
		t.Errorf("%d versions, want %d; %d range deletes", entries, n-14_000, ranges)
	}
	// With no table below it, one is not written down at all: it lies behind the last key, since a
	// table may span the keys that are gone.
	deleteKeys(t, db, n, n+1000)
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, ranges := versionsOf(db); ranges != 0 {
		t.Errorf("%d range deletes of nothing", ranges)
	}
}

// TestRangeDeletesStay: as long as a reader is older, a range delete and what it hides stay,
// and both go when the reader does.
func TestRangeDeletesStay(t *testing.T) {
	const n = 5000
	db := rangeStore(t, n)
	tx, err := db.Begin(kv.TxnOptions{Isolation: kv.Serializable})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Discard()
	deleteKeys(t, db, 0, n)
	if err := errors.Join(db.Compact(), db.Compact()); err != nil {
		t.Fatal(err)
	}
	if entries, ranges := versionsOf(db); entries != n || ranges != 1 {
		t.Errorf("%d versions, want %d; %d range deletes, want 1", entries, n, ranges)
	}
	if _, err := tx.Get(nil, fmt.Appendf(nil, "%08d", 17)); err != nil {
		t.Error(err)
	}
	if err := tx.Set([]byte("other"), nil); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(kv.Buffered); !errors.Is(err, kv.ErrConflict) {
		t.Errorf("commit over a range delete: %v", err)
	}
	if err := errors.Join(db.Settle(), db.Compact()); err != nil {
		t.Fatal(err)
	}
	if entries, ranges := versionsOf(db); entries != 0 || ranges != 0 {
		t.Errorf("%d versions and %d range deletes are left", entries, ranges)
	}
}

// TestRangeDeleteConflicts: what a range delete covers was written by it, keys that are not
// there included; wherever it is by now, and also when what it hid is gone.
func TestRangeDeleteConflicts(t *testing.T) {
	moves := map[string]func(*DB) error{
		"in the MemTable": func(*DB) error { return nil },
		"flushed":         (*DB).Flush,
		"merged":          (*DB).Compact,
	}
	for where, move := range moves {
		for _, tc := range []struct {
			key      string
			conflict bool
		}{{"00000150", true}, {"00000150 absent", true}, {"00000100", true}, {"00000099", false}, {"00000200", false}} {
			t.Run(where+"/"+tc.key, func(t *testing.T) {
				db := rangeStore(t, 300)
				tx, err := db.Begin(kv.TxnOptions{Isolation: kv.SnapshotIsolation})
				if err != nil {
					t.Fatal(err)
				}
				deleteKeys(t, db, 100, 200)
				if err := errors.Join(move(db), tx.Set([]byte(tc.key), nil)); err != nil {
					t.Fatal(err)
				}
				if err := tx.Commit(kv.Buffered); errors.Is(err, kv.ErrConflict) != tc.conflict || err != nil && !tc.conflict {
					t.Errorf("commit: %v", err)
				}
			})
		}
	}
}

// TestRangeDeletesManifest: a store keeps the manifest of programs that know no range
// deletes until it has one, and has it again once there is none.
func TestRangeDeletesManifest(t *testing.T) {
	db := rangeStore(t, 1000)
	number := db.edits.log.FileNum()
	deleteKeys(t, db, 10, 20)
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	if db.edits.log.FileNum() == number {
		t.Error("the range delete is in the old manifest")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(db.opts.FS, "/db"); err != nil || len(r.Findings) > 0 {
		t.Error(r, err)
	}
}

// BenchmarkScanDeleted walks over a range of 100,000 deleted keys: to the first key behind
// it, and down to the first before it.
func BenchmarkScanDeleted(b *testing.B) {
	const n = 102_000
	for _, flushed := range []bool{false, true} {
		db := rangeStore(b, n)
		if err := db.pauseCompactions(); err != nil {
			b.Fatal(err)
		}
		deleteKeys(b, db, 1000, n-1000)
		if flushed {
			if err := db.Flush(); err != nil {
				b.Fatal(err)
			}
		}
		first := fmt.Appendf(nil, "%08d", 1000)
		b.Run(fmt.Sprintf("flushed=%v/upwards", flushed), func(b *testing.B) {
			for b.Loop() {
				it := db.Scan(first, nil)
				if !it.Next() || string(it.Key()) != fmt.Sprintf("%08d", n-1000) {
					b.Fatalf("%q", it.Key())
				}
				_ = it.Close()
			}
		})
		b.Run(fmt.Sprintf("flushed=%v/downwards", flushed), func(b *testing.B) {
			for b.Loop() {
				it := db.ScanReverse(nil, fmt.Appendf(nil, "%08d", n-1000))
				if !it.Prev() || string(it.Key()) != "00000999" {
					b.Fatalf("%q", it.Key())
				}
				_ = it.Close()
			}
		})
		db.resumeCompactions()
	}
}

// TestRangeDeletesGoWithReader: what range deletes hide is given back when the last reader ends
// that saw it, or the window has passed, without another write.
func TestRangeDeletesGoWithReader(t *testing.T) {
	const n = 5000
	for name, policy := range map[string]gc.Policy{"refs": {}, "window": {Window: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			db := rangeStore(t, n, func(o *Options) { o.GC, o.TickInterval = policy, never })
			clock := stopClock(t, db)
			older, err := db.Snapshot()
			check(t, err)
			set(t, db, "other", "")
			newer, err := db.Snapshot()
			check(t, err)
			deleteKeys(t, db, 0, n)
			check(t, db.Flush())
			for _, step := range []struct {
				what string
				do   func()
				left uint64
			}{
				{"two readers", func() { clock.pass(t, db, 40*time.Minute) }, n + 1},
				{"one reader", func() { check(t, older.Close()) }, n + 1},
				{"one reader, longer", func() { clock.pass(t, db, 40*time.Minute) }, n + 1},
				{"no reader", func() { check(t, newer.Close()) }, 1},
			} {
				step.do()
				check(t, db.Settle())
				if entries, _ := versionsOf(db); entries != step.left {
					t.Errorf("%s: %d versions, want %d", step.what, entries, step.left)
				}
			}
			if _, ranges := versionsOf(db); ranges != 0 {
				t.Errorf("%d range deletes are left", ranges)
			}
		})
	}
}

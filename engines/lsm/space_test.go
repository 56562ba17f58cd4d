package lsm

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/vfs"
)

// diskBlocks returns the allocated bytes of all files in dir.
func diskBlocks(t testing.TB, dir string) (bytes int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			bytes += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// fillRandom writes n keys of 16 bytes in random order, with values of size bytes,
// and returns the bytes of keys and values.
func fillRandom(t testing.TB, db *DB, n, size int) int64 {
	t.Helper()
	rng := rand.New(rand.NewPCG(rand.Uint64(), 1))
	value := make([]byte, size)
	for i := range value {
		value[i] = byte(rng.Uint32())
	}
	for range n {
		var b kv.Batch
		b.Set(fmt.Appendf(nil, "%016x", rng.Uint64()), value)
		if err := db.Apply(&b, kv.Buffered); err != nil {
			t.Fatal(err)
		}
	}
	return int64(n) * int64(16+size)
}

// TestSpaceAfterCompact measures real blocks: what Compact leaves is the user's
// bytes and at most a tenth of them, for small values and for those that fill pages
// badly. Metrics say where it is. An open iterator keeps the tables that it reads,
// and Compact gives back all else.
func TestSpaceAfterCompact(t *testing.T) {
	for _, tc := range []struct{ n, size int }{{200_000, 100}, {20_000, 1 << 10}, {6_000, 4 << 10}, {4_000, 8 << 10}, {600, 64 << 10}} {
		for _, method := range []wal.WriteMethod{wal.Positioned, wal.Mapped} {
			t.Run(fmt.Sprintf("%d/%v", tc.size, method), func(t *testing.T) {
				dir := t.TempDir()
				db, err := Open(dir, Options{WALWrite: method, MemTableSize: 8 << 20})
				if err != nil {
					t.Fatal(err)
				}
				user := fillRandom(t, db, tc.n, tc.size)
				if err := db.Flush(); err != nil {
					t.Fatal(err)
				}
				it := db.Scan(nil, nil)
				it.First()
				pinned := db.Metrics().TableBytes
				if err := db.Compact(); err != nil {
					t.Fatal(err)
				}
				if m := db.Metrics(); m.ObsoleteTableBytes != pinned || m.LogBytes+m.LogPoolBytes != 0 {
					t.Errorf("with a scan of %d bytes of tables open: %+v", pinned, m)
				}
				if err := it.Close(); err != nil {
					t.Fatal(err)
				}
				if err := db.Compact(); err != nil {
					t.Fatal(err)
				}
				const slack = 64 << 10 // manifest, lock, parts of blocks
				blocks, m := diskBlocks(t, dir), db.Metrics()
				t.Logf("%.3f times the user's bytes", float64(blocks)/float64(user))
				if blocks > user+user/10+slack {
					t.Errorf("%d bytes on disk for %d of the user: %+v", blocks, user, m)
				}
				if m.ObsoleteTableBytes != 0 || m.DiskBytes > blocks+slack || m.DiskBytes < blocks-slack {
					t.Errorf("metrics say %+v, on disk are %d bytes", m, blocks)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				if after := diskBlocks(t, dir); after > blocks {
					t.Errorf("%d bytes after Close, %d before", after, blocks)
				}
			})
		}
	}
}

// TestEmptyStoreIsSmall: a store that holds nothing takes less than 1 MiB, also one
// that held much.
func TestEmptyStoreIsSmall(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	small := func(when string) {
		t.Helper()
		if n := diskBlocks(t, dir); n > 1<<20 {
			t.Errorf("%s the store takes %d bytes", when, n)
		}
	}
	small("after Open")
	var set, del kv.Batch
	for i := range 1000 {
		set.Set(fmt.Append(nil, i), make([]byte, 4<<10))
		del.Delete(fmt.Append(nil, i))
	}
	for _, b := range []*kv.Batch{&set, &del} {
		if err := db.Apply(b, kv.Synced); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	small("after Compact")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	small("after Close")
}

// TestCloseKeepsOnlyRecords: a store that is closed with a few writes in its log
// has no segment of 16 MiB for them, and finds them again.
func TestCloseKeepsOnlyRecords(t *testing.T) {
	for _, method := range []wal.WriteMethod{wal.Positioned, wal.Mapped} {
		dir := t.TempDir()
		db, err := Open(dir, Options{WALWrite: method})
		if err != nil {
			t.Fatal(err)
		}
		fillRandom(t, db, 100, 100)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if n := diskBlocks(t, dir); n > 64<<10 {
			t.Errorf("%v: %d bytes for 100 writes", method, n)
		}
		report, err := Verify(vfs.OS, dir)
		if err != nil || len(report.Findings) > 0 || report.LastSeq != 100 {
			t.Errorf("%v: %+v, %v", method, report, err)
		}
	}
}

// flushed writes all to tables, and waits until the log has let go of it.
func flushed(t *testing.T, db *DB) {
	t.Helper()
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := db.Settle(); err != nil {
		t.Fatal(err)
	}
}

// TestIdlePoolIsGivenBack calls the ticker's work by hand: while segments are made
// the pool stays, after a tick without one it goes, the current segment too once
// tables hold all of it, and the next write works.
func TestIdlePoolIsGivenBack(t *testing.T) {
	o := Options{FS: vfs.NewMem(), MemTableSize: 256 << 10, WALSegmentSize: 64 << 10, WALPoolSize: 320 << 10, TickInterval: time.Hour}
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var made int64
	for range 5 {
		fillRandom(t, db, 2000, 100)
		flushed(t, db) // all segments but the current one are obsolete
		if made = db.tick(made); db.Metrics().LogPoolBytes == 0 {
			t.Fatal("a running writer has no pool")
		}
	}
	fillRandom(t, db, 1, 100)
	made = db.wal.Metrics().SegmentsMade
	if db.tick(made); db.Metrics().LogPoolBytes != 0 || db.Metrics().LogBytes == 0 {
		t.Errorf("idle with writes in the log: %+v", db.Metrics())
	}
	flushed(t, db)
	if db.tick(made); db.Metrics().LogBytes != 0 {
		t.Errorf("idle with all in tables: %+v", db.Metrics())
	}
	fillRandom(t, db, 1, 100)
	if m := db.Metrics(); m.LogBytes != o.WALSegmentSize {
		t.Errorf("after a write: %+v", m)
	}
}

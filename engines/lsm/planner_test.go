package lsm

import (
	"errors"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/sstable"
	"lsmlab/engines/vfs"
)

// compacted writes rounds of versions of 500 keys and waits for what they make due.
func compacted(t *testing.T, db *DB, rounds int) {
	t.Helper()
	for version := range rounds {
		setRange(t, db, 0, 500, version)
	}
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := db.Settle(); err != nil {
		t.Fatal(err)
	}
}

// TestStylesOpenEachOther opens one store with each style of compaction after each other
// one, and writes and compacts there: any layout must be one that every planner takes.
func TestStylesOpenEachOther(t *testing.T) {
	fs := vfs.NewMem()
	for i, style := range []CompactionStyle{Leveled, Tiered, FIFO, Leveled, FIFO, Tiered, Leveled} {
		o := Options.Small(Options{FS: fs, Compaction: style})
		db, err := Open("db", o)
		if err != nil {
			t.Fatal(style, err)
		}
		if i > 0 {
			expect(t, db, 0, 500, 2)
		}
		compacted(t, db, 3)
		expect(t, db, 0, 500, 2)
		m := db.Metrics()
		if (m.CompactionWrittenBytes == 0) != (style == FIFO) {
			t.Errorf("%v: compactions wrote %d bytes", style, m.CompactionWrittenBytes)
		}
		if err := errors.Join(db.Verify(), db.Close()); err != nil {
			t.Fatal(style, err)
		}
		if r, err := Verify(fs, "db"); err != nil || len(r.Findings) > 0 {
			t.Fatal(style, err, r.Findings)
		}
	}
}

// TestFIFODrops bounds a store that keeps the newest: its tables stay below the bound,
// the newest keys are read, the oldest are gone, for a reopened store too.
func TestFIFODrops(t *testing.T) {
	o := Options.Small(Options{FS: vfs.NewMem(), Compaction: FIFO, FIFOBytes: 100 << 10})
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for from := 0; from < 5000; from += 500 {
			setRange(t, db, from, from+500, 1)
		}
		if err := errors.Join(db.Flush(), db.Settle()); err != nil {
			t.Fatal(err)
		}
		var bytes int64
		for _, l := range db.Metrics().Levels {
			bytes += l.Bytes
		}
		if bytes > o.FIFOBytes || bytes == 0 {
			t.Errorf("tables of %d bytes, want at most %d", bytes, o.FIFOBytes)
		}
		expect(t, db, 4700, 5000, 1)
		if got, err := db.Get(nil, keyN(0)); !errors.Is(err, kv.ErrNotFound) {
			t.Errorf("the oldest key is there: %q, %v", got, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if r, err := Verify(o.FS, "db"); err != nil || len(r.Findings) > 0 {
			t.Fatal(err, r.Findings)
		}
		if db, err = Open("db", o); err != nil {
			t.Fatal(err)
		}
		expect(t, db, 4700, 5000, 1)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestPlainL0 compresses all levels but L0, also where a table could have moved down as
// it is.
func TestPlainL0(t *testing.T) {
	o := Options.Small(Options{FS: vfs.NewMem(), Compression: sstable.Zstd, PlainL0: true})
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	setRange(t, db, 0, 2000, 0) // in order: nothing but moves
	compacted(t, db, 1)
	setRange(t, db, 100, 110, 1)
	if err := db.pauseCompactions(); err != nil {
		t.Fatal(err)
	}
	defer db.resumeCompactions()
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	deep := 0
	for level, tables := range db.state.Load().levels {
		for _, table := range tables {
			want := sstable.Zstd
			if level == 0 {
				want = sstable.None
			} else {
				deep++
			}
			if got := table.reader.Properties().Compression; got != want {
				t.Errorf("table %d of L%d: compression %v", table.ID, level, got)
			}
		}
	}
	if len(db.state.Load().levels[0]) == 0 || deep == 0 {
		t.Error("not all that this test is for is there")
	}
}

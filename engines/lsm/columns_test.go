package lsm

import (
	"fmt"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/compaction"
	"lsmlab/engines/lsm/manifest"
	"lsmlab/engines/vfs"
)

func keyN(i int) []byte { return fmt.Appendf(nil, "key%05d", i) }

// setRange writes keys [from, to) with values of that version.
func setRange(t *testing.T, db *DB, from, to, version int) {
	t.Helper()
	for i := from; i < to; i++ {
		var b kv.Batch
		b.Set(keyN(i), fmt.Appendf(nil, "%d of %d, %100d", version, i, 0))
		if err := db.Apply(&b, kv.Buffered); err != nil {
			t.Fatal(err)
		}
	}
}

// expect reads keys [from, to) and wants values of that version.
func expect(t *testing.T, r kv.Reader, from, to, version int) {
	t.Helper()
	for i := from; i < to; i++ {
		got, err := r.Get(nil, keyN(i))
		if want := fmt.Sprintf("%d of %d, %100d", version, i, 0); err != nil || string(got) != want {
			t.Fatalf("%s: %q, %v, want %q", keyN(i), got, err, want)
		}
	}
}

// TestFlushIsCut flushes over a level of several tables, some keys in two versions
// for a snapshot: the new tables must end where those of the level below begin, and
// hold all versions of their keys.
func TestFlushIsCut(t *testing.T) {
	o := Options.Small(Options{FS: vfs.NewMem()})
	o.MemTableSize, o.BaseLevelSize = 1<<20, 1<<20 // no flush but those asked for, and L6 alone
	o.L0CompactionTrigger, o.L0SlowdownTrigger = 100, 100
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for version := range 2 {
		setRange(t, db, 0, 500, version)
		if err := db.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	below := db.state.Load().levels[6]
	if len(below) < 4 {
		t.Fatalf("%d tables in L6", len(below))
	}
	for _, from := range []int{0, 250} { // also behind the first cuts
		setRange(t, db, from, 500, 2)
		snap, err := db.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		setRange(t, db, from, 500, 3)
		if err := db.Flush(); err != nil {
			t.Fatal(err)
		}
		expect(t, db, from, 500, 3)
		expect(t, snap, from, 500, 2)
		if err := snap.Close(); err != nil {
			t.Fatal(err)
		}
		for _, table := range db.state.Load().levels[0] {
			meets := 0
			for _, b := range below {
				if b.Overlaps(table.Smallest, table.Largest) {
					meets++
				}
			}
			// 10 with the versions of the snapshot, which may be gone by now.
			if meets != 1 || table.Entries < 5 {
				t.Errorf("from %d: a table of %d entries, %s..%s, meets %d tables below", from, table.Entries, table.Smallest, table.Largest, meets)
			}
		}
	}
}

// TestOldLayout opens a store whose data lies in L1 and L2, as those made before
// levels were counted from the bottom up, and writes on.
func TestOldLayout(t *testing.T) {
	disk := vfs.NewMem()
	o := Options.Small(Options{FS: disk})
	o.BaseLevelSize = 4 << 10 // some levels
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	setRange(t, db, 0, 2000, 1)
	for _, step := range []func() error{db.Flush, db.Settle, db.Close} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	v, _, err := manifest.Load(disk, "db")
	if err != nil {
		t.Fatal(err)
	}
	old := *v
	for len(old.Levels[1]) == 0 {
		copy(old.Levels[1:], old.Levels[2:])
		old.Levels[6] = nil
	}
	if len(old.Levels[2]) == 0 || len(old.Levels[6]) > 0 {
		t.Fatal("the store to begin with has not several levels")
	}
	old.NextFileID++
	log, err := manifest.Create(disk, "db", v.NextFileID, &old)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = Open("db", o); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	expect(t, db, 0, 2000, 1)
	setRange(t, db, 500, 1500, 2)
	for _, step := range []func() error{db.Flush, db.Settle, db.Verify} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, db, 0, 500, 1)
	expect(t, db, 500, 1500, 2)
	expect(t, db, 1500, 2000, 1)
	if len(db.state.Load().levels[6]) == 0 {
		t.Error("no table in L6")
	}
}

// overwriting writes to db beside the test. What it returns gives the first error.
func overwriting(db *DB) <-chan error {
	done := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < 20_000 && err == nil; i++ {
			var b kv.Batch
			b.Set(keyN(i*7919%1000), make([]byte, 100))
			err = db.Apply(&b, kv.Buffered)
		}
		done <- err
	}()
	return done
}

// TestWritersWaitForL0 keeps compactions back until writers wait for them, and
// lets go.
func TestWritersWaitForL0(t *testing.T) {
	o := Options.Small(Options{FS: vfs.NewMem()})
	o.L0CompactionTrigger, o.L0SlowdownTrigger, o.L0StopTrigger = 2, 4, 4
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.pauseCompactions(); err != nil {
		t.Fatal(err)
	}
	done := overwriting(db)
	waits := func() bool { // all is flushed but a full table, and no write is under way
		db.mu.Lock()
		defer db.mu.Unlock()
		s := db.state.Load()
		m := s.active()
		return s.pressure.L0 >= 4 && len(s.mems) == 1 && m.table.Size() >= o.MemTableSize && m.lastSeq() == db.published.seq()
	}
	for deadline := time.Now().Add(time.Minute); !waits(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the writer does not wait after a minute: %+v", db.state.Load().pressure)
		}
	}
	at := db.LSN()
	select {
	case err := <-done:
		t.Fatalf("the writer ended beside a full L0: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if now := db.LSN(); now != at {
		t.Errorf("%d writes beside a full L0", now-at)
	}
	db.resumeCompactions()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if db.Metrics().Stalls == 0 {
		t.Error("no stall was counted")
	}
}

// TestCompactBesideAFullL0 compacts while a writer waits for compactions, whose
// pause must not keep both waiting.
func TestCompactBesideAFullL0(t *testing.T) {
	o := Options.Small(Options{FS: vfs.NewMem()})
	o.L0CompactionTrigger, o.L0SlowdownTrigger, o.L0StopTrigger = 1, 1, 1
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	done := overwriting(db)
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
			if err := db.Compact(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestThrottle(t *testing.T) {
	for _, tc := range []struct {
		p    compaction.Pressure
		want int64 // ns per KiB
	}{
		{compaction.Pressure{}, 0},
		{compaction.Pressure{L0: 6}, 0},
		{compaction.Pressure{L0: 7.5}, slowestNanosPerKiB / 4},
		{compaction.Pressure{L0: 3, Deep: 6}, slowestNanosPerKiB / 2},
		{compaction.Pressure{L0: 12}, slowestNanosPerKiB},
		{compaction.Pressure{L0: 100, Deep: 100}, slowestNanosPerKiB},
	} {
		var th throttle
		if th.set(tc.p, 6, 12); th.nanosPerKiB.Load() != tc.want {
			t.Errorf("%+v: %d ns per KiB, want %d", tc.p, th.nanosPerKiB.Load(), tc.want)
		}
	}
	var th throttle
	if th.set(compaction.Pressure{L0: 9}, 8, 8); th.nanosPerKiB.Load() != slowestNanosPerKiB {
		t.Error("no price where slow-down and stop are one")
	}
}

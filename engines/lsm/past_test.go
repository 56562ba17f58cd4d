package lsm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/gc"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// cut forgets the writes above an LSN, which a crash took.
func (p *past) cut(lsn uint64) {
	n := len(p.lsns)
	for n > 0 && p.lsns[n-1] > lsn {
		n--
	}
	p.lsns, p.states = p.lsns[:n], p.states[:n]
	p.newest = map[string]string{}
	if n > 0 {
		for _, pair := range strings.Fields(p.states[n-1]) {
			key, value, _ := strings.Cut(pair, "=")
			p.newest[key] = value
		}
	}
}

// pastOptions are those of a deterministic store, on whose clock an LSN takes a
// microsecond, with a window of so many LSNs; 0 is none.
func pastOptions(disk *vfs.Mem, style CompactionStyle, window uint64) Options {
	o := Options{FS: disk, Deterministic: true, Compaction: style}.Small()
	o.GC = gc.Policy{Window: time.Duration(window) * time.Microsecond}
	return o
}

// TestPastAcrossOpenings writes, flushes, compacts and looks back at random LSNs, and now and
// then closes the store, kills it or cuts its power, and opens it again, each time with another
// window or none. No view is wrong, and none is refused that all openings since had in their
// window.
func TestPastAcrossOpenings(t *testing.T) {
	rounds := 3000
	if testing.Short() {
		rounds = 800
	}
	for _, style := range []CompactionStyle{Leveled, Tiered, FIFO} {
		t.Run(style.String(), func(t *testing.T) {
			rng := testseed.Rand(t)
			disk := vfs.NewMem()
			window := uint64(1 << 40)
			db, err := Open("db", pastOptions(disk, style, window))
			check(t, err)
			defer func() { _ = db.Close() }()
			p := &past{newest: map[string]string{}}
			kept, viewed := uint64(0), 0
			for range rounds {
				p.write(t, db, rng)
				newest := db.LSN()
				kept = max(kept, newest-min(newest, window))
				switch rng.IntN(30) {
				case 0:
					check(t, db.Flush())
				case 1:
					check(t, db.Compact())
				case 2:
					disk = reopenDisk(t, db, disk, rng)
					window = []uint64{0, 50, 200, 1 << 40, 1 << 40}[rng.IntN(5)]
					db, err = Open("db", pastOptions(disk, style, window))
					check(t, err)
					newest = db.LSN()
					p.cut(newest)
					kept = max(min(kept, newest), newest-min(newest, window)) // a flush may be due
				}
				lsn := newest - min(newest, uint64(rng.IntN(300)))
				least := kept
				if window == 0 {
					least = newest
				}
				viewed += 1 - lookBack(t, db, p, lsn, least)
			}
			t.Logf("%d views of %d", viewed, rounds)
			if viewed < 20 {
				t.Errorf("%d views of %d were given", viewed, rounds)
			}
		})
	}
}

// reopenDisk ends db in one of three ways and returns what is on the disk then.
func reopenDisk(t *testing.T, db *DB, disk *vfs.Mem, rng *rand.Rand) *vfs.Mem {
	t.Helper()
	after := disk
	switch rng.IntN(3) {
	case 0:
		after = disk.CrashClone(vfs.CrashOptions{ProcessCrash: true})
	case 1:
		after = disk.CrashClone(vfs.CrashOptions{Choose: vfs.Chance(rng.Float64(), rng), BlockSize: 512, Strict: rng.IntN(2) == 0})
	}
	check(t, db.Close())
	return after
}

// TestPastAfterCuts cuts the power at operations of a store whose window is short, and asks
// what is left for the state at each LSN: right, or refused if it is out of the window. A
// floor that is durable after the table that lacks versions would give wrong ones.
func TestPastAfterCuts(t *testing.T) {
	const window = 40
	rounds := 400
	if testing.Short() {
		rounds = 120
	}
	rng := testseed.Rand(t)
	var mu sync.Mutex
	var cuts []*vfs.Mem
	crashes := rand.New(rand.NewPCG(rng.Uint64(), 1))
	disk := vfs.NewMem()
	disk.OnOp = func(vfs.Op) {
		mu.Lock()
		defer mu.Unlock()
		if crashes.IntN(3) == 0 {
			cuts = append(cuts, disk.CrashClone(vfs.CrashOptions{
				Choose: vfs.Chance(crashes.Float64(), crashes), BlockSize: 512, Strict: crashes.IntN(2) == 0, ProcessCrash: crashes.IntN(4) == 0,
			}))
		}
	}
	db, err := Open("db", pastOptions(disk, Leveled, window))
	check(t, err)
	p := &past{newest: map[string]string{}}
	for n := range rounds {
		p.write(t, db, rng)
		switch {
		case n%20 == 19:
			check(t, db.Compact())
		case n%7 == 0:
			check(t, db.Flush())
		}
	}
	check(t, db.Close())
	views := 0
	for i, cut := range cuts {
		db, err := Open("db", pastOptions(cut, Leveled, window))
		if err != nil {
			t.Fatalf("cut %d: %v", i, err)
		}
		newest := db.LSN()
		for lsn := range newest + 1 {
			views += 1 - lookBack(t, db, p, lsn, newest-min(newest, window))
		}
		check(t, db.Close())
	}
	if t.Logf("%d cuts, %d views", len(cuts), views); views < len(cuts) {
		t.Errorf("%d views in %d cuts", views, len(cuts))
	}
}

// TestTimesAcrossOpenings: what was written when is known after Close, and after a kill up to
// the last marks that were saved; and the clock goes on where it was, also if that of the
// system is behind.
func TestTimesAcrossOpenings(t *testing.T) {
	disk := vfs.NewMem()
	o := Options{FS: disk, GC: gc.Policy{Window: 48 * time.Hour}}.Small()
	db, err := Open("db", o)
	check(t, err)
	now := db.history.clock().Add(10 * time.Hour)
	var times []time.Time
	var lsns []uint64
	write := func() {
		db.history.clock = func() time.Time { return now }
		for range 5 {
			now = now.Add(time.Minute)
			set(t, db, "a", fmt.Sprint(len(lsns)))
			times, lsns = append(times, now), append(lsns, db.LSN())
		}
	}
	look := func(upTo int) {
		t.Helper()
		for i, at := range times {
			s, err := db.SnapshotAtTime(at.Add(time.Second))
			check(t, err)
			if got := uint64(s.(*snapshot).pin.seq); got != lsns[min(i, upTo)] {
				t.Errorf("write %d of %d: LSN %d, want %d", i, len(lsns), got, lsns[min(i, upTo)])
			}
			check(t, s.Close())
		}
	}
	reopen := func() {
		t.Helper()
		if db, err = Open("db", o); err != nil {
			t.Fatal(err)
		}
		if c := db.history.clock(); c.Before(now) || c.After(now.Add(time.Hour)) {
			t.Errorf("the clock says %v after %v", c, now)
		}
		now = db.history.clock()
	}
	write()
	check(t, db.Flush())
	write()
	check(t, db.Close())
	reopen()
	look(9)
	write()
	db.savePast(0)
	saved := len(lsns) - 1
	o.FS = disk.CrashClone(vfs.CrashOptions{ProcessCrash: true})
	check(t, db.Close())
	reopen()
	look(saved)
	o.FS = o.FS.(*vfs.Mem).CrashClone(vfs.CrashOptions{ProcessCrash: true})
	check(t, db.Close())
	o.GC = gc.Policy{}
	reopenedWithout, err := Open("db", o)
	check(t, err)
	db = reopenedWithout
	if _, err := db.SnapshotAt(lsns[saved] - 1); !errors.Is(err, kv.ErrSnapshotTooOld) {
		t.Errorf("without a window: %v", err)
	}
	check(t, db.Compact())
	check(t, db.Close())
	o.GC = gc.Policy{Window: time.Hour}
	if db, err = Open("db", o); err != nil {
		t.Fatal(err)
	}
	if _, err := db.SnapshotAt(lsns[saved] - 1); !errors.Is(err, kv.ErrSnapshotTooOld) {
		t.Errorf("what a compaction without a window took: %v", err)
	}
	check(t, db.Close())
}

// TestHiddenAcrossOpenings: what tables hold for readers, and for a window, is given back
// after the store is opened again, without another compaction.
func TestHiddenAcrossOpenings(t *testing.T) {
	for name, policy := range map[string]gc.Policy{"pins": {}, "window": {Window: 100 * time.Microsecond}} {
		t.Run(name, func(t *testing.T) {
			disk := vfs.NewMem()
			o := Options{FS: disk, Deterministic: true, GC: policy}.Small()
			db, err := Open("db", o)
			check(t, err)
			for i := range 40 {
				set(t, db, "a", fmt.Sprint(i))
				s, err := db.Snapshot()
				check(t, err)
				defer func() { _ = s.Close() }()
			}
			check(t, db.Compact())
			if n := db.state.Load().version.Tables()[0].Table.Entries; n != 40 {
				t.Fatalf("%d versions, want all 40", n)
			}
			check(t, db.Close())
			db, err = Open("db", o)
			check(t, err)
			if name == "window" {
				for i := range 200 {
					set(t, db, fmt.Sprint("b", i), "")
				}
				db.expire()
			}
			check(t, db.Settle())
			for _, lt := range db.state.Load().version.Tables() {
				if string(lt.Table.Smallest) == "a" && lt.Table.Entries != 1 {
					t.Errorf("%d versions are left", lt.Table.Entries)
				}
			}
			check(t, db.Close())
		})
	}
}

// TestCompactAfterOpening: Compact gives back what an earlier opening of the store held for a reader,
// also if that is too little for the table to be written again for it.
func TestCompactAfterOpening(t *testing.T) {
	o := Options{FS: vfs.NewMem(), Deterministic: true}.Small()
	db, err := Open("db", o)
	check(t, err)
	set(t, db, "a", "1")
	s, err := db.Snapshot()
	check(t, err)
	for i := range 10 {
		set(t, db, "a", "2", fmt.Sprint("b", i), "")
	}
	check(t, db.Compact())
	if n := versions(db); n != 12 {
		t.Fatalf("%d versions beside a reader, want 12", n)
	}
	check(t, db.Close())
	_ = s.Close() // which the store's end has closed
	db, err = Open("db", o)
	check(t, err)
	check(t, db.Compact())
	if n := versions(db); n != 11 {
		t.Errorf("%d versions, want 11", n)
	}
	check(t, db.Close())
}

// TestPastOfCheckpoint: a copy has the past of its store, as far as that was kept.
func TestPastOfCheckpoint(t *testing.T) {
	rng := testseed.Rand(t)
	for _, window := range []uint64{60, 1 << 40} {
		disk := vfs.NewMem()
		db, err := Open("db", pastOptions(disk, Leveled, window))
		check(t, err)
		p := &past{newest: map[string]string{}}
		for n := range 200 {
			p.write(t, db, rng)
			if n%70 == 69 {
				check(t, db.Compact())
			}
		}
		check(t, db.Checkpoint("copy"))
		check(t, db.Close())
		if db, err = Open("copy", pastOptions(disk, Leveled, window)); err != nil {
			t.Fatal(err)
		}
		newest := db.LSN()
		for lsn := range newest + 1 {
			lookBack(t, db, p, lsn, newest-min(newest, window))
		}
		check(t, db.Close())
	}
}

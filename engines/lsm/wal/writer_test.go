package wal

import (
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// forAll runs a test with every variant, in memory and on disk.
func forAll(t *testing.T, test func(t *testing.T, o Options)) {
	for _, o := range variants() {
		t.Run(o.label()+"-mem", func(t *testing.T) {
			o.FS = vfs.NewMem()
			test(t, o)
		})
		t.Run(o.label()+"-os", func(t *testing.T) {
			t.Chdir(t.TempDir())
			o.FS = vfs.OS
			test(t, o)
		})
	}
}

// TestRoundTrip writes, closes and reopens, several times, with records from
// tiny to larger than a segment.
func TestRoundTrip(t *testing.T) {
	forAll(t, func(t *testing.T, o Options) {
		var want []entry
		for round := range 4 {
			w, got, r := openLog(t, o, 0)
			if !equal(got, want) || r.LastSeq != ikey.Seq(len(want)) {
				t.Fatalf("round %d: %d records, want %d; %+v", round, len(got), len(want), r)
			}
			if clean := round > 0 && o.Sync != NoSync; r.Clean != clean {
				t.Errorf("round %d: clean %v, want %v", round, r.Clean, clean)
			}
			for _, size := range []int{0, 1, 100, 1400, 5000, 0, 700} {
				want = append(want, fill(t, w, ikey.Seq(len(want)), 1, size)...)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if err := w.Append(1, 1, []byte("x")); !errors.Is(err, kv.ErrClosed) {
				t.Errorf("append after close: %v", err)
			}
			if err := w.Close(); !errors.Is(err, kv.ErrClosed) {
				t.Errorf("second close: %v", err)
			}
			info, err := Check(Options{FS: o.FS, Dir: testDir, Epoch: 1}, 0)
			if err != nil || info.Records != len(want) {
				t.Errorf("check: %+v, %v", info, err)
			}
		}
	})
}

// TestIdleReopen opens and closes without a write. Nothing may pile up.
func TestIdleReopen(t *testing.T) {
	mem := vfs.NewMem()
	w, _, _ := openLog(t, Options{FS: mem}, 0)
	fill(t, w, 0, 1, 10) // not committed, not closed: the segment stays empty
	for round := range 4 {
		w, _, _ := openLog(t, Options{FS: mem}, 0)
		if round == 1 {
			fill(t, w, 0, 1, 10)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if names, _ := mem.List(testDir); len(names) != 1 {
		t.Errorf("files %q, want one segment", names)
	}
}

// TestRecycling lets segments go as fast as they come: after the pool is warm no
// file is created.
func TestRecycling(t *testing.T) {
	forAll(t, func(t *testing.T, o Options) {
		w, _, _ := openLog(t, o, 0)
		var last ikey.Seq
		for range 40 {
			fill(t, w, last, 10, 100)
			last += 10
			if err := w.Obsolete(last - 15); err != nil && last > 15 {
				t.Fatal(err)
			}
		}
		m := w.Metrics()
		if m.SegmentsMade-m.Recycled > 6 || m.Recycled < 20 {
			t.Errorf("made %d segments, %d of them recycled", m.SegmentsMade, m.Recycled)
		}
		if names, _ := o.FS.List(testDir); int64(len(names)) != m.Live+m.Pooled {
			t.Errorf("%d files, %d live and %d pooled", len(names), m.Live, m.Pooled)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		// The end mark may have opened one more.
		if names, _ := o.FS.List(testDir); int64(len(names)) > m.Live+1 {
			t.Errorf("%d files after Close, %d were live", len(names), m.Live)
		}
		if _, r, err := replay(o, last-15); err != nil || r.LastSeq != last {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestMisuse(t *testing.T) {
	w, _, _ := openLog(t, Options{FS: vfs.NewMem(), Sync: NoSync}, 0)
	for _, err := range []error{
		w.Append(0, 1, []byte("x")), w.Append(2, 1, []byte("x")), w.Append(1, 0, nil), w.Append(1, 2, []byte("x")),
		w.Commit(1, kv.Buffered),
	} {
		if err == nil {
			t.Error("misuse was not refused")
		}
	}
	if err := w.Commit(0, kv.Synced); !errors.Is(err, kv.ErrUnsupported) {
		t.Errorf("synced without a sync method: %v", err)
	}
	if err := errors.Join(w.Append(1, 1, []byte("\x00\x00")), w.Commit(1, kv.Buffered), w.Close()); err != nil {
		t.Errorf("misuse broke the log: %v", err)
	}
	if _, err := NewWriter(Options{FS: vfs.NewMem(), Dir: "x", Epoch: 1, Write: Mapped, Sync: ODSync}, Recovered{}); !errors.Is(err, kv.ErrUnsupported) {
		t.Errorf("mapped with O_DSYNC: %v", err)
	}
}

// TestNames keeps two files from standing for one segment.
func TestNames(t *testing.T) {
	for name, want := range map[string]uint64{
		"000001.wal": 1, "1234567.wal": 1234567, "4294967295.wal": 1<<32 - 1,
		"000001-000001.wal": 1<<32 + 1, "1234567-1234567.wal": 1234567<<32 + 1234567, "4294967295-4294967295.wal": 1<<64 - 1,
	} {
		if got, ok := parseName(name); !ok || got != want {
			t.Errorf("%s: %d, %v", name, got, ok)
		}
	}
	for _, name := range []string{
		"1.wal", "0000001.wal", "+00001.wal", "000001.walx", "000001", "-00001.wal", "4294967296.wal",
		"000000-000001.wal", "000001-1.wal", "1-000001.wal", "000001-000001-000001.wal", "000001-4294967296.wal", "4294967296-000001.wal",
	} {
		if _, ok := parseName(name); ok {
			t.Errorf("%s was taken for a segment", name)
		}
	}
}

// TestGroupCommit has many goroutines commit to a slow device. They must share
// syncs: without that there would be one for each record.
func TestGroupCommit(t *testing.T) {
	for _, o := range []Options{{}, {Sync: ODSync}, {Write: Mapped}} {
		t.Run(o.label(), func(t *testing.T) {
			t.Chdir(t.TempDir())
			o.FS = vfs.NewInject(vfs.OS, func(op vfs.Op) (f vfs.Fault) {
				if op.Kind == vfs.OpSyncData || op.Kind == vfs.OpWrite {
					f.Delay = time.Millisecond
				}
				return f
			})
			w, _, _ := openLog(t, o, 0)
			const goroutines, each = 16, 10
			var stored atomic.Uint64
			commitAll(t, w, &stored, goroutines, each, func() kv.Durability { return kv.Synced })
			m := w.Metrics()
			if m.Records != goroutines*each || m.SyncCommits != m.Records || m.Syncs > m.Records/4 {
				t.Errorf("%d syncs for %d commits of %d records", m.Syncs, m.SyncCommits, m.Records)
			}
			var syncs int64
			for _, n := range m.SyncGroups {
				syncs += n
			}
			if syncs != m.Syncs {
				t.Errorf("groups %v are not %d syncs", m.SyncGroups, m.Syncs)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// commitAll has goroutines take places under one lock, store beside each other and
// commit, as a store does. All up to stored is.
func commitAll(t testing.TB, w *Writer, stored *atomic.Uint64, goroutines, each int, level func() kv.Durability) (last ikey.Seq) {
	var (
		commit sync.Mutex
		wait   sync.WaitGroup
	)
	for range goroutines {
		wait.Go(func() {
			for range each {
				commit.Lock()
				last++
				mine, e := last, sample(last, 50)
				place, err := w.Reserve(e.first, e.count, []byte(e.ops))
				commit.Unlock()
				err = errors.Join(err, place.Store([]byte(e.ops)))
				for stored.Load() < uint64(mine)-1 {
					runtime.Gosched()
				}
				stored.Store(uint64(mine))
				err = errors.Join(err, w.Commit(mine, level()))
				place.Advance()
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	return last
}

// TestConcurrent mixes durability levels, rotation, recycling and syncs, for the race
// detector and for deadlocks; the log must hold everything after.
func TestConcurrent(t *testing.T) {
	forAll(t, func(t *testing.T, o Options) {
		w, _, _ := openLog(t, o, 0)
		stop := make(chan struct{})
		var wait sync.WaitGroup
		var stored atomic.Uint64
		wait.Go(func() {
			for upTo := ikey.Seq(0); ; upTo++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := w.Obsolete(min(upTo, 60, ikey.Seq(stored.Load()))); err != nil {
					t.Error(err)
				}
				w.Metrics()
			}
		})
		last := commitAll(t, w, &stored, 8, 50, func() kv.Durability {
			if o.Sync == NoSync {
				return kv.Durability(rand.IntN(2))
			}
			return kv.Durability(rand.IntN(3))
		})
		close(stop)
		wait.Wait()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, r, err := replay(o, 60)
		if err != nil || r.LastSeq != last {
			t.Fatalf("%+v, %v", r, err)
		}
		for _, e := range got {
			if e != sample(e.first, 50) {
				t.Fatalf("record %d is not what was appended", e.first)
			}
		}
	})
}

// TestAppendDoesNotAllocate, in the steady state of either write method.
func TestAppendDoesNotAllocate(t *testing.T) {
	for _, m := range []WriteMethod{Positioned, Mapped} {
		t.Chdir(t.TempDir())
		w, _, _ := openLog(t, Options{FS: vfs.OS, Write: m}, 0)
		ops, seq := make([]byte, 140), ikey.Seq(0)
		allocs := testing.AllocsPerRun(1000, func() {
			seq++
			if err := errors.Join(w.Append(seq, 1, ops), w.Commit(seq, kv.Buffered)); err != nil {
				t.Fatal(err)
			}
		})
		if allocs > 0 {
			t.Errorf("%s: %v allocations a record", m, allocs)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFillAhead: once a log syncs, records reach only blocks that were written
// before, in every segment but at its beginning; and what fills them harms none.
func TestFillAhead(t *testing.T) {
	var late int
	end := map[string]int64{} // of what was written, by file
	fs := vfs.NewInject(vfs.NewMem(), func(op vfs.Op) vfs.Fault {
		if op.Kind == vfs.OpWrite {
			if upTo := op.Offset + op.Length; upTo > end[op.Path] {
				if op.Offset > 0 && op.Length < 10_000 && upTo < 1<<20 {
					late++
				}
				end[op.Path] = upTo
			}
		}
		return vfs.Fault{}
	})
	o := Options{FS: fs, SegmentSize: 1 << 20}
	w, _, _ := openLog(t, o, 0)
	var want []entry
	for range 1000 {
		last := ikey.Seq(len(want))
		want = append(want, fill(t, w, last, 1, 5000)...)
		if err := w.Commit(last+1, kv.Synced); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if late > 0 || len(end) < 4 {
		t.Errorf("%d records went to blocks never written, in %d segments", late, len(end))
	}
	if got, _, err := replay(o, 0); err != nil || !equal(got, want) {
		t.Errorf("%d of %d records are back: %v", len(got), len(want), err)
	}
}

// TestDeviceFails takes a mapped segment's memory away: the record that is stored
// there breaks the log, which names the file, and nothing is promised any more.
func TestDeviceFails(t *testing.T) {
	t.Chdir(t.TempDir())
	w, _, _ := openLog(t, Options{FS: vfs.OS, Write: Mapped}, 0)
	fill(t, w, 0, 10, 100)
	if err := w.Commit(10, kv.Buffered); err != nil {
		t.Fatal(err)
	}
	name := segmentOf(1)
	if err := os.Truncate(testDir+"/"+name, 0); err != nil {
		t.Fatal(err)
	}
	e := sample(11, 100)
	err := w.Append(e.first, e.count, []byte(e.ops))
	if err == nil || !strings.Contains(err.Error(), name) {
		t.Fatalf("append gave %v, want an error with %s", err, name)
	}
	for _, again := range []error{w.Append(12, 1, []byte("x")), w.Commit(11, kv.Buffered), w.Commit(11, kv.Synced), w.Close()} {
		if !errors.Is(again, err) {
			t.Errorf("after the error: %v, want %v", again, err)
		}
	}
}

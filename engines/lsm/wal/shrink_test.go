package wal

import (
	"sync"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// TestShrink lets a log go of all segments, whatever of its records was handed over
// or synced by then: the directory holds no segment after, a commit of what went is
// done at once, the log goes on, and what comes then is recovered after a power cut.
func TestShrink(t *testing.T) {
	for _, method := range []WriteMethod{Positioned, Mapped} {
		for d := kv.Volatile; d <= kv.Synced; d++ {
			mem := vfs.NewMem()
			w, _, _ := openLog(t, Options{FS: mem, SegmentSize: 600, PoolSize: 6000, Write: method}, 0)
			fill(t, w, 0, 40, 60)
			if err := w.Commit(40, d); err != nil {
				t.Fatal(err)
			}
			if err := w.Obsolete(39); err != nil {
				t.Fatal(err)
			}
			if err := w.Shrink(); err != nil {
				t.Fatal(err)
			}
			if m := w.Metrics(); m.Pooled != 0 || m.Live != 1 {
				t.Fatalf("%v, %v: LSN 40 is in no table: %+v", method, d, m)
			}
			if err := w.Obsolete(40); err != nil {
				t.Fatal(err)
			}
			if err := w.Shrink(); err != nil {
				t.Fatal(err)
			}
			if all := read(t, mem); len(all) != 0 {
				t.Fatalf("%v, %v: %d segments left", method, d, len(all))
			}
			if err := w.Commit(40, kv.Synced); err != nil {
				t.Fatal(err)
			}
			want := fill(t, w, 40, 20, 60)
			if err := w.Commit(60, kv.Synced); err != nil {
				t.Fatal(err)
			}
			got, _, err := replay(Options{FS: mem.CrashClone(vfs.CrashOptions{})}, 40)
			if err != nil || !equal(got, want) {
				t.Fatalf("%v, %v: %d records, want %d, %v", method, d, len(got), len(want), err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestShrinkBesideWriters: segments go while others append, commit and free them.
// Nothing that was synced may be missing after.
func TestShrinkBesideWriters(t *testing.T) {
	for _, method := range []WriteMethod{Positioned, Mapped} {
		mem := vfs.NewMem()
		w, _, _ := openLog(t, Options{FS: mem, SegmentSize: 600, PoolSize: 6000, Write: method}, 0)
		stop := make(chan struct{})
		var beside sync.WaitGroup
		beside.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if err := w.Shrink(); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
		var want []entry
		flushed := ikey.Seq(0)
		for last := ikey.Seq(0); last < 600; last += 3 {
			want = append(want, fill(t, w, last, 3, 60)...)
			var commits sync.WaitGroup
			for i := range ikey.Seq(3) {
				commits.Go(func() {
					if err := w.Commit(last+i+1, kv.Synced); err != nil {
						t.Error(err)
					}
				})
			}
			commits.Wait()
			if last%4 == 0 { // all but the last record are in tables, now and then all
				flushed = last + 3 - last%8/4
				if err := w.Obsolete(flushed); err != nil {
					t.Fatal(err)
				}
			}
		}
		close(stop)
		beside.Wait()
		got, _, err := replay(Options{FS: mem.CrashClone(vfs.CrashOptions{})}, flushed)
		if err != nil || !equal(got, want[flushed:]) {
			t.Fatalf("%v: %d records after LSN %d, want %d, %v", method, len(got), flushed, len(want[flushed:]), err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

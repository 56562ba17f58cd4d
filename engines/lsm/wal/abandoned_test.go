package wal

import (
	"errors"
	"syscall"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// TestHeaderOfNoSegment writes the header of a new segment except for its last byte,
// which is zero as the file's is: it is sound, though the segment could not be made and
// its file could not be removed. Recovery begins at the last segment that holds what
// tables do not, by the headers: a record that went to a segment before it is lost.
func TestHeaderOfNoSegment(t *testing.T) {
	for _, pool := range []int64{-1, 6000} { // a new file, and a recycled one
		full := false
		mem := vfs.NewMem()
		o := Options{SegmentSize: 600, PoolSize: pool, Write: Mapped, FS: vfs.NewInject(mem, func(op vfs.Op) (f vfs.Fault) {
			if full && (op.Kind == vfs.OpRemove || op.Kind == vfs.OpWrite && op.Length == headerSize) {
				f.Err, f.Short = syscall.ENOSPC, headerSize
			}
			return f
		})}
		w, _, _ := openLog(t, o, 0)
		fill(t, w, 0, 12, 60)
		if err := errors.Join(w.Commit(12, kv.Synced), w.Obsolete(11)); err != nil {
			t.Fatal(err)
		}
		full = true
		e := sample(13, 500) // for which the segment has no room
		if err := w.Append(e.first, e.count, []byte(e.ops)); !errors.Is(err, kv.ErrExhausted) {
			t.Fatalf("%v, want %v", err, kv.ErrExhausted)
		}
		full = false
		want := fill(t, w, 12, 1, 1) // for which it has
		if err := w.Commit(13, kv.Synced); err != nil {
			t.Fatal(err)
		}
		for flushed := ikey.Seq(11); flushed <= 12; flushed++ {
			crashed := mem.CrashClone(vfs.CrashOptions{ProcessCrash: true})
			got, _, err := replay(Options{FS: crashed}, flushed)
			if err != nil || len(got) != 13-int(flushed) || !equal(got[len(got)-1:], want) {
				t.Errorf("pool %d: %d records after LSN %d, %v", pool, len(got), flushed, err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

package lsm

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/vfs"
)

// TestBackgroundError makes one kind of operation fail while writes go on, and
// checks: writes stop with that error, reads go on, and after the cause is gone
// a reopened store has everything that was acknowledged.
func TestBackgroundError(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		hits func(op vfs.Op) bool
	}{
		{"table not written", syscall.EIO, func(op vfs.Op) bool {
			return op.Kind == vfs.OpWrite && strings.HasSuffix(op.Path, ".sst")
		}},
		{"table not synced", syscall.EIO, func(op vfs.Op) bool {
			return (op.Kind == vfs.OpSync || op.Kind == vfs.OpSyncData) && strings.HasSuffix(op.Path, ".sst")
		}},
		{"manifest not synced", syscall.EIO, func(op vfs.Op) bool {
			return (op.Kind == vfs.OpSync || op.Kind == vfs.OpSyncData) && strings.Contains(op.Path, "MANIFEST")
		}},
		{"directory not synced", syscall.EIO, func(op vfs.Op) bool { return op.Kind == vfs.OpSyncDir }},
		{"WAL not synced", syscall.EIO, func(op vfs.Op) bool {
			return (op.Kind == vfs.OpSync || op.Kind == vfs.OpSyncData) && strings.HasSuffix(op.Path, ".wal")
		}},
		{"WAL not written", syscall.EIO, func(op vfs.Op) bool {
			return op.Kind == vfs.OpWrite && strings.HasSuffix(op.Path, ".wal")
		}},
		{"no new table", syscall.EIO, func(op vfs.Op) bool {
			return op.Kind == vfs.OpCreate && strings.HasSuffix(op.Path, ".sst")
		}},
		{"disk full when the WAL is synced", syscall.ENOSPC, func(op vfs.Op) bool {
			return op.Kind == vfs.OpSyncData && strings.HasSuffix(op.Path, ".wal")
		}},
		{"disk full when a table is synced", syscall.ENOSPC, func(op vfs.Op) bool {
			return op.Kind == vfs.OpSync && strings.HasSuffix(op.Path, ".sst")
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var broken atomic.Bool
			o := Options{}.Small()
			o.FS = vfs.NewInject(vfs.NewMem(), func(op vfs.Op) vfs.Fault {
				if broken.Load() && tc.hits(op) {
					return vfs.Fault{Err: tc.err}
				}
				return vfs.Fault{}
			})
			db, err := Open("db", o)
			if err != nil {
				t.Fatal(err)
			}
			acked := 0
			write := func() error {
				var b kv.Batch
				b.Set(fmt.Appendf(nil, "key%06d", acked), make([]byte, 100))
				return db.Apply(&b, kv.Synced)
			}
			for ; acked < 100; acked++ {
				if err := write(); err != nil {
					t.Fatal(err)
				}
			}
			broken.Store(true)
			for ; err == nil; acked++ {
				err = write()
			}
			acked-- // the last one was refused
			if !errors.Is(err, tc.err) || errors.Is(err, kv.ErrExhausted) {
				t.Fatalf("writes ended with %v, want %v", err, tc.err)
			}
			if again := write(); !errors.Is(again, tc.err) {
				t.Errorf("the next write gave %v, want %v", again, tc.err)
			}
			if why := db.Writable(); !errors.Is(why, tc.err) {
				t.Errorf("Writable gave %v, want %v", why, tc.err)
			}
			check := func(db *DB) {
				t.Helper()
				for i := range acked {
					if _, err := db.Get(nil, fmt.Appendf(nil, "key%06d", i)); err != nil {
						t.Fatalf("key %d of %d: %v", i, acked, err)
					}
				}
			}
			check(db)
			if err := db.Close(); !errors.Is(err, tc.err) {
				t.Errorf("Close gave %v, want %v", err, tc.err)
			}
			broken.Store(false)
			if db, err = Open("db", o); err != nil {
				t.Fatal(err)
			}
			check(db)
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			if r, err := Verify(o.FS, "db"); err != nil || len(r.Findings) > 0 {
				t.Errorf("verify: %v, %v", r.Findings, err)
			}
		})
	}
}

// TestRecordNotStored fails to store a record while others write beside it: nobody
// waits for ever for the one before, all are refused with that error from then on,
// and what was acknowledged is there after.
func TestRecordNotStored(t *testing.T) {
	var broken atomic.Bool
	mem := vfs.NewMem()
	o := Options{WALWrite: wal.Mapped}.Small()
	o.FS = vfs.NewInject(mem, func(op vfs.Op) (f vfs.Fault) {
		if broken.Load() && op.Kind == vfs.OpWrite && strings.HasSuffix(op.Path, ".wal") {
			f.Err = syscall.EIO
		}
		return f
	})
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	const writers = 8
	var acked [writers]int
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for {
				var b kv.Batch // every fourth is large enough to be written, not copied
				b.Set(fmt.Appendf(nil, "%d-%06d", w, acked[w]), make([]byte, max(10, acked[w]%4*1000)))
				if err := db.Apply(&b, kv.Buffered); err != nil {
					if !errors.Is(err, syscall.EIO) {
						t.Errorf("refused with %v, want EIO", err)
					}
					return
				}
				if acked[w]++; acked[w] == 100 {
					broken.Store(true)
				}
			}
		})
	}
	wg.Wait()
	if err := db.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("Close gave %v, want EIO", err)
	}
	broken.Store(false)
	if db, err = Open("db", o); err != nil {
		t.Fatal(err)
	}
	for w, n := range acked {
		for i := range n {
			if _, err := db.Get(nil, fmt.Appendf(nil, "%d-%06d", w, i)); err != nil {
				t.Fatalf("write %d of writer %d was acknowledged: %v", i, w, err)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

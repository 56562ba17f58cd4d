package lsm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/vfs"
)

// TestShortageBesideWriters has one operation in twenty refused, at random, while
// writers, readers, flushes and compactions run beside each other. None of them gets
// stuck or meets another error than kv.ErrExhausted; of each writer's writes those that
// were acknowledged are there in the end, also when the store has been opened again.
func TestShortageBesideWriters(t *testing.T) {
	for _, write := range []wal.WriteMethod{wal.Positioned, wal.Mapped} {
		t.Run(write.String(), func(t *testing.T) { testShortageBesideWriters(t, write) })
	}
}

func testShortageBesideWriters(t *testing.T, write wal.WriteMethod) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var broken atomic.Bool
	var calls atomic.Uint64
	o := Options{WALWrite: write}.Small()
	o.MaxImmutable, o.ManifestRollSize, o.RetryInterval = 2, 1, time.Millisecond
	o.FS = vfs.NewInject(vfs.NewMem(), func(op vfs.Op) (f vfs.Fault) {
		rng := rand.New(rand.NewPCG(seed, calls.Add(1)))
		if !broken.Load() || rng.IntN(20) > 0 {
			return f
		}
		switch op.Kind {
		case vfs.OpSync, vfs.OpSyncData, vfs.OpSyncDir, vfs.OpRead:
			return f // those are final
		}
		f.Err = []error{syscall.ENOSPC, syscall.EMFILE, syscall.ENOMEM}[rng.IntN(3)]
		f.Short = rng.IntN(200)
		return f
	})
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	may := func(err error) bool {
		if err != nil && !errors.Is(err, kv.ErrExhausted) {
			t.Errorf("%v, want %v", err, kv.ErrExhausted)
			return false
		}
		return true
	}
	broken.Store(true)
	const writers, writes = 6, 400
	var acked [writers][writes]bool
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range writes {
				var b kv.Batch
				b.Set(fmt.Appendf(nil, "%d-%06d", w, i), make([]byte, 100))
				err := db.Apply(&b, kv.Durability(i%3))
				if acked[w][i] = err == nil; !may(err) {
					return
				}
				switch {
				case w == 0 && i%40 == 0:
					may(db.Flush())
				case w == 1 && i%100 == 0:
					may(db.Compact())
				}
			}
		})
	}
	wg.Wait()
	broken.Store(false)
	check := func() {
		t.Helper()
		for w := range writers {
			for i, acked := range acked[w] {
				if _, err := db.Get(nil, fmt.Appendf(nil, "%d-%06d", w, i)); acked && err != nil {
					t.Fatalf("write %d of writer %d: %v", i, w, err)
				}
			}
		}
	}
	check()
	var b kv.Batch
	b.Set([]byte("last"), nil)
	for _, do := range []func() error{func() error { return db.Apply(&b, kv.Synced) }, db.Flush, db.Compact, db.Writable} {
		if err := untilNotRefused(do); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = Open("db", o); err != nil {
		t.Fatal(err)
	}
	check()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(o.FS, "db"); err != nil || len(r.Findings) > 0 {
		t.Errorf("verify: %v, %v", r.Findings, err)
	}
}

// untilNotRefused repeats do while it is refused for now. A flush or compaction that began
// during the shortage may fail after it, and whoever waits for it is told.
func untilNotRefused(do func() error) (err error) {
	for range 100 {
		if err = do(); !errors.Is(err, kv.ErrExhausted) {
			return err
		}
	}
	return err
}

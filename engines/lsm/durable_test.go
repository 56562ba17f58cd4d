package lsm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/vfs"
)

// TestDurableReadsBesideFlushes overwrites a few keys while MemTables are flushed and
// merged all the time, so that versions vanish below those that readers see: a read
// of an older LSN than the newest must find them all the same. Each reader sees for
// every key at least what was acknowledged before it read.
func TestDurableReadsBesideFlushes(t *testing.T) {
	for name, method := range map[string]wal.WriteMethod{"positioned": wal.Positioned, "mapped": wal.Mapped} {
		t.Run(name, func(t *testing.T) {
			o := Options{FS: vfs.NewMem(), WALWrite: method, DurableReads: true}.Small()
			db, err := Open("db", o)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			const keys, writers, rounds = 4, 3, 400
			var acked [writers][keys]atomic.Uint64
			key := func(w, k int) []byte { return fmt.Appendf(nil, "%d-%d", w, k) }
			var writing, reading sync.WaitGroup
			for w := range writers {
				writing.Go(func() {
					for n := range uint64(rounds) {
						var b kv.Batch
						k := int(n) % keys
						b.Set(key(w, k), append(binary.BigEndian.AppendUint64(nil, n), make([]byte, 200)...))
						level := kv.Synced
						if n%16 == 0 {
							level = kv.Buffered
						}
						if err := db.Apply(&b, level); err != nil {
							t.Error(err)
							return
						}
						acked[w][k].Store(n)
					}
				})
			}
			done := make(chan struct{})
			for r := range 3 {
				reading.Go(func() {
					for n := 0; ; n++ {
						select {
						case <-done:
							return
						default:
						}
						w, k := n%writers, n/writers%keys
						want := acked[w][k].Load()
						value, err := readAs(db, r, key(w, k))
						if errors.Is(err, kv.ErrNotFound) && want == 0 {
							continue
						}
						if err != nil || binary.BigEndian.Uint64(value) < want {
							t.Errorf("reader %d: %x, %v; %d was acknowledged", r, value[:min(8, len(value))], err, want)
							return
						}
					}
				})
			}
			writing.Wait()
			close(done)
			reading.Wait()
			if m := db.Metrics(); m.Flushes < 3 {
				t.Errorf("%d flushes: this test shows nothing", m.Flushes)
			}
		})
	}
}

// readAs reads a key by Get, Scan or a Snapshot.
func readAs(db *DB, how int, key []byte) ([]byte, error) {
	var r kv.Reader = db
	switch how {
	case 0:
		return db.Get(nil, key)
	case 1:
		s, err := db.Snapshot()
		if err != nil {
			return nil, err
		}
		defer s.Close()
		r = s
	}
	it := r.Scan(key, append(key, 0))
	if !it.First() {
		return nil, errors.Join(it.Close(), kv.ErrNotFound)
	}
	value := append([]byte(nil), it.Value()...)
	return value, it.Close()
}

// TestReadsOutliveCrashes cuts the power while writers at both levels overwrite keys and
// readers read them: a crash leaves at least what a reader had seen before it. A
// version is the number of its write.
func TestReadsOutliveCrashes(t *testing.T) {
	for name, method := range map[string]wal.WriteMethod{"positioned": wal.Positioned, "mapped": wal.Mapped} {
		t.Run(name, func(t *testing.T) {
			disk := vfs.NewMem()
			o := Options{FS: disk, WALWrite: method, DurableReads: true}.Small()
			db, err := Open("db", o)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			const keys = 4
			var seen [keys]atomic.Uint64
			done := make(chan struct{})
			var working sync.WaitGroup
			for k := range keys {
				key := []byte{byte(k)}
				working.Go(func() {
					for n := uint64(1); !closed(done); n++ {
						var b kv.Batch
						b.Set(key, append(binary.BigEndian.AppendUint64(nil, n), make([]byte, 100)...))
						level := kv.Synced
						if k == 0 && n%8 == 0 {
							level = kv.Buffered
						}
						if err := db.Apply(&b, level); err != nil {
							t.Error(err)
							return
						}
					}
				})
				working.Go(func() {
					for how := 0; !closed(done); how = (how + 1) % 3 {
						value, err := readAs(db, how, key)
						if err == nil {
							seen[k].Store(binary.BigEndian.Uint64(value))
						} else if !errors.Is(err, kv.ErrNotFound) {
							t.Error(err)
							return
						}
					}
				})
			}
			for range 40 {
				var before [keys]uint64
				for k := range seen {
					before[k] = seen[k].Load()
				}
				after, err := Open("db", Options{FS: disk.CrashClone(vfs.CrashOptions{})}.Small())
				if err != nil {
					t.Fatal(err)
				}
				for k, want := range before {
					value, err := after.Get(nil, []byte{byte(k)})
					if want > 0 && (err != nil || binary.BigEndian.Uint64(value) < want) {
						t.Errorf("key %d: a reader saw write %d, a crash leaves %x, %v", k, want, value[:min(8, len(value))], err)
					}
				}
				if err := after.Close(); err != nil {
					t.Fatal(err)
				}
			}
			close(done)
			working.Wait()
		})
	}
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// TestDurableReadsAfterASyncFailed: what was not synced is never seen, and what was
// before is.
func TestDurableReadsAfterASyncFailed(t *testing.T) {
	var broken atomic.Bool
	o := Options{DurableReads: true, FS: vfs.NewInject(vfs.NewMem(), func(op vfs.Op) vfs.Fault {
		if broken.Load() && op.Kind == vfs.OpSyncData && strings.HasSuffix(op.Path, ".wal") {
			return vfs.Fault{Err: syscall.EIO}
		}
		return vfs.Fault{}
	})}
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	apply := func(key string, level kv.Durability) error {
		var b kv.Batch
		b.Set([]byte(key), nil)
		return db.Apply(&b, level)
	}
	if err := apply("a", kv.Synced); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	if err := apply("b", kv.Synced); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	if _, err := db.Get(nil, []byte("a")); err != nil {
		t.Error(err)
	}
	if _, err := db.Get(nil, []byte("b")); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("a write whose sync failed: %v", err)
	}
	if _, err := db.Snapshot(); !errors.Is(err, syscall.EIO) {
		t.Errorf("a snapshot of what is not durable: %v", err)
	}
	if lsn := db.LSN(); lsn != 1 {
		t.Errorf("reads see LSN %d, want 1", lsn)
	}
}

// TestSyncInterval cuts the power, on a virtual clock, again and again: writes at
// Buffered that are older than the interval are there, and no write is missing while
// a later one is there.
func TestSyncInterval(t *testing.T) {
	for _, method := range []wal.WriteMethod{wal.Positioned, wal.Mapped} {
		synctest.Test(t, func(t *testing.T) {
			const every, step = time.Second, 70 * time.Millisecond
			disk := vfs.NewMem()
			o := Options{FS: disk, WALWrite: method, SyncInterval: every}.Small()
			db, err := Open("db", o)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var written []time.Time
			lost := 0
			for n := range 100 {
				var b kv.Batch
				b.Set(fmt.Appendf(nil, "%04d", n), make([]byte, 300))
				if err := db.Apply(&b, kv.Buffered); err != nil {
					t.Fatal(err)
				}
				written = append(written, time.Now())
				time.Sleep(step)
				synctest.Wait()
				left := count(t, disk.CrashClone(vfs.CrashOptions{}))
				lost = max(lost, n+1-left)
				if left <= n && time.Since(written[left]) > every {
					t.Fatalf("%v: of %d writes %d are left; the next one was %v old", method, n+1, left, time.Since(written[left]))
				}
			}
			if lost == 0 {
				t.Error("no power cut took anything: this test shows nothing")
			}
		})
	}
}

// count opens the store on disk and returns how many keys it has; they must be the
// first ones.
func count(t *testing.T, disk vfs.FS) (n int) {
	t.Helper()
	db, err := Open("db", Options{FS: disk}.Small())
	if err != nil {
		t.Fatal(err)
	}
	it := db.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		if want := fmt.Sprintf("%04d", n); string(it.Key()) != want {
			t.Fatalf("key %q is there, %q is not", it.Key(), want)
		}
		n++
	}
	for _, c := range []io.Closer{it, db} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// TestSyncIntervalFails: a sync in the background that fails stops writes.
func TestSyncIntervalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := Options{SyncInterval: time.Second, FS: vfs.NewInject(vfs.NewMem(), func(op vfs.Op) vfs.Fault {
			if op.Kind == vfs.OpSyncData && strings.HasSuffix(op.Path, ".wal") {
				return vfs.Fault{Err: syscall.EIO}
			}
			return vfs.Fault{}
		})}
		db, err := Open("db", o)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var b kv.Batch
		b.Set([]byte("k"), nil)
		if err := db.Apply(&b, kv.Buffered); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if err := db.Apply(&b, kv.Buffered); !errors.Is(err, syscall.EIO) {
			t.Errorf("a write after the sync failed: %v", err)
		}
	})
}

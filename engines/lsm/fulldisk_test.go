package lsm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/testneed"
	"lsmlab/engines/vfs"
)

// TestFullDisk fills a real file system, a tmpfs of 32 MiB, until sets are refused.
// Then reads go on, deletes and compactions give room again, by the reserve, and the
// store takes sets without being opened again. At another time somebody else fills the
// disk to the last byte and frees it again; and a store is opened on the full disk.
func TestFullDisk(t *testing.T) {
	for _, write := range []wal.WriteMethod{wal.Positioned, wal.Mapped} {
		t.Run(write.String(), func(t *testing.T) { testFullDisk(t, write) })
	}
}

func testFullDisk(t *testing.T, write wal.WriteMethod) {
	dir := mountTmpfs(t, 32<<20)
	o := Options{Reserve: true, MemTableSize: 2 << 20, WALSegmentSize: 1 << 20, WALPoolSize: 2 << 20, TableSize: 1 << 20, BaseLevelSize: 8 << 20, WALWrite: write, RetryInterval: time.Millisecond}
	store := filepath.Join(dir, "db")
	db, err := Open(store, o)
	if err != nil {
		t.Fatal(err)
	}
	f := &filler{TB: t, db: db}
	f.fill()
	room(t, dir, "full by the store")
	if err := db.Writable(); !errors.Is(err, kv.ErrExhausted) {
		t.Errorf("Writable is %v on a full disk", err)
	}
	f.check()
	f.deleteAll()
	room(t, dir, "after deletes and a compaction")
	f.writeOn()
	f.check()

	// Now somebody else fills the disk.
	ballast := filepath.Join(dir, "ballast")
	takeAll(t, ballast)
	f.fill()
	f.delete(100)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	f.writeOn()
	f.check()

	// A store that was closed on a full disk opens there.
	takeAll(t, ballast)
	f.must(f.db.Close())
	if f.db, err = Open(store, o); err != nil {
		t.Fatalf("open on a full disk: %v", err)
	}
	f.check()
	f.delete(100)
	f.must(os.Remove(ballast))
	f.writeOn()
	f.check()

	// Deletes alone give room again, though nobody flushes or compacts: first for some
	// sets, then for more, as what was deleted leaves the tables.
	f.fill()
	f.delete(f.to - f.from)
	for range 3000 {
		for f.set() != nil {
			f.awaitWritable()
		}
	}
	f.check()
	f.delete(2000)
	f.must(errors.Join(f.db.Flush(), f.db.Compact()))
	f.must(f.db.Close())
	if r, err := Verify(vfs.OS, store); err != nil || len(r.Findings) > 0 {
		t.Errorf("verify: %v, %v", r.Findings, err)
	}
}

// mountTmpfs returns the directory of a file system of its own, that ends with the test.
func mountTmpfs(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	err := unix.Mount("lsmlab-test", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size))
	if err != nil {
		testneed.Missing(t, fmt.Sprintf("mount -t tmpfs -o size=%d: %v: this test needs CAP_SYS_ADMIN to make a file system that it can fill", size, err))
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}

func room(t *testing.T, dir, when string) {
	t.Helper()
	s, ok := vfs.SpaceOf(vfs.OS, dir)
	if !ok {
		t.Fatal("the file system does not tell its room")
	}
	t.Logf("%s: %d of %d KiB free", when, s.Free>>10, s.Total>>10)
}

// takeAll makes a file of all that is free.
func takeAll(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for size := 1 << 20; size >= 4<<10; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// filler writes to a store and knows what is in it.
type filler struct {
	testing.TB
	db       *DB
	from, to int // the keys that are there
}

func (f *filler) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *filler) key(n int) []byte { return fmt.Appendf(nil, "key%08d", n) }

func (f *filler) set() error {
	var b kv.Batch
	b.Set(f.key(f.to), make([]byte, 4<<10))
	err := f.db.Apply(&b, kv.Synced)
	if err == nil {
		f.to++
	}
	return err
}

// fill sets until that is refused.
func (f *filler) fill() {
	f.Helper()
	for range 1 << 16 {
		if err := f.set(); err != nil {
			if !errors.Is(err, kv.ErrExhausted) || !errors.Is(err, syscall.ENOSPC) {
				f.Fatalf("refused with %v, want ErrExhausted by ENOSPC", err)
			}
			return
		}
	}
	f.Fatal("the disk is not full yet")
}

// delete deletes the n oldest keys, each by a synced write.
func (f *filler) delete(n int) {
	f.Helper()
	for range n {
		var b kv.Batch
		b.Delete(f.key(f.from))
		if err := f.db.Apply(&b, kv.Synced); err != nil {
			f.Fatalf("delete of key %d on a full disk: %v", f.from, err)
		}
		f.from++
	}
}

// deleteAll deletes all and has the room given back.
func (f *filler) deleteAll() {
	f.Helper()
	f.delete(f.to - f.from)
	if err := f.db.Flush(); err != nil {
		f.Fatalf("flush on a full disk: %v", err)
	}
	if err := f.db.Compact(); err != nil {
		f.Fatalf("compact on a full disk: %v", err)
	}
	f.must(f.db.Settle())
}

// awaitWritable returns when the store takes writes again by itself.
func (f *filler) awaitWritable() {
	f.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for f.db.Writable() != nil {
		if time.Now().After(deadline) {
			f.Fatalf("long after the deletes: %v\n%+v", f.db.Writable(), f.db.Metrics())
		}
		time.Sleep(time.Millisecond)
	}
}

// writeOn sets some thousand keys. There is room, and the first of them finds it.
func (f *filler) writeOn() {
	f.Helper()
	for range 1000 {
		if err := f.set(); err != nil {
			f.Fatalf("set with room on the disk: %v", err)
		}
	}
	f.must(f.db.Writable())
}

func (f *filler) check() {
	f.Helper()
	it := f.db.Scan(nil, nil)
	n := f.from
	for ok := it.First(); ok; ok = it.Next() {
		if string(it.Key()) != string(f.key(n)) {
			f.Fatalf("found %q, want %q", it.Key(), f.key(n))
		}
		n++
	}
	f.must(it.Close())
	if n != f.to {
		f.Fatalf("%d keys end at %d, want %d", n-f.from, n, f.to)
	}
}

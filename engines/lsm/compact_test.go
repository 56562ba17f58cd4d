package lsm

import (
	"fmt"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// TestCompactReclaims deletes everything while a snapshot sees it, compacts,
// closes the snapshot and compacts again: nothing may be left then.
func TestCompactReclaims(t *testing.T) {
	db, err := Open("db", Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	entries := func() (n uint64) {
		for _, lt := range db.state.Load().version.Tables() {
			n += lt.Table.Entries
		}
		return n
	}
	var set, del kv.Batch
	for i := range 1000 {
		set.Set(fmt.Appendf(nil, "key%04d", i), []byte("value"))
		del.Delete(fmt.Appendf(nil, "key%04d", i))
	}
	var snap kv.Snapshot
	for i, step := range []func() error{
		func() error { return db.Apply(&set, kv.Buffered) },
		func() (err error) { snap, err = db.Snapshot(); return err },
		func() error { return db.Apply(&del, kv.Buffered) },
		db.Compact,
	} {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	if n := entries(); n != 2000 {
		t.Errorf("%d entries while a snapshot sees the deleted keys, want 2000", n)
	}
	if err := snap.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	if n := entries(); n != 0 {
		t.Errorf("%d entries in an empty store, want none", n)
	}
}

// TestObsoleteFilesGo compacts many tables with a queue of one job: every table
// that no version names must be removed all the same.
func TestObsoleteFilesGo(t *testing.T) {
	o := Options.Small(Options{FS: vfs.NewMem()})
	o.QueueLength = 1
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		var b kv.Batch
		b.Set(fmt.Appendf(nil, "key%06d", i*7919%3000), make([]byte, 100))
		if err := db.Apply(&b, kv.Buffered); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	live := len(db.state.Load().version.Tables())
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := o.FS.List("db")
	if err != nil {
		t.Fatal(err)
	}
	tables := 0
	for _, name := range names {
		if strings.HasSuffix(name, ".sst") {
			tables++
		}
	}
	if tables != live {
		t.Errorf("%d tables on disk, the version has %d", tables, live)
	}
}

// TestDataWithoutManifest takes CURRENT and the manifests away: what is left
// must not be taken for a new store.
func TestDataWithoutManifest(t *testing.T) {
	disk := vfs.NewMem()
	db, err := Open("db", Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	var b kv.Batch
	b.Set([]byte("key"), []byte("value"))
	if err := db.Apply(&b, kv.Buffered); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := disk.List("db")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name == "CURRENT" || strings.HasPrefix(name, "MANIFEST") {
			if err := disk.Remove("db/" + name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := Open("db", Options{FS: disk}); err == nil || !strings.Contains(err.Error(), ".wal but no manifest") {
		t.Errorf("Open gave %v, want the log that has no manifest", err)
	}
}

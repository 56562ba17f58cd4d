package lsm

import (
	"path"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"lsmlab/engines/vfs"
)

// TestReserve: a store without tables has no reserve, one with tables has, of its size,
// also after it was opened again; who wants none gets rid of it.
func TestReserve(t *testing.T) {
	o := Options{Reserve: true}.Small()
	o.FS = vfs.NewMem()
	k := newKeeper(t, o)
	size := func() int64 {
		n, err := o.FS.Stat(path.Join("db", reserveName))
		if err != nil {
			return -1
		}
		return n
	}
	k.mustWrite()
	k.must(k.db.Settle())
	if n := size(); n != -1 {
		t.Errorf("a store without tables has a reserve of %d bytes", n)
	}
	k.must(k.db.Flush())
	k.must(k.db.Settle())
	want := k.db.reserveSize()
	if n := size(); n != want || want <= o.MemTableSize {
		t.Errorf("the reserve has %d bytes, want %d", n, want)
	}
	k.reopen()
	if n := size(); n != want {
		t.Errorf("opened again the reserve has %d bytes, want %d", n, want)
	}
	k.o.MemTableSize *= 2
	k.reopen()
	if n := size(); n <= want || n != k.db.reserveSize() {
		t.Errorf("the reserve has %d bytes, want %d", n, k.db.reserveSize())
	}
	k.o.Reserve = false
	k.reopen()
	if n := size(); n != -1 {
		t.Errorf("a reserve of %d bytes that nobody wants", n)
	}
	k.must(k.db.Close())
}

// TestReserveOfAnotherSize: a reserve that other options made goes when it cannot be made
// in the size that is wanted now, as nobody would give it up when the disk is full.
func TestReserveOfAnotherSize(t *testing.T) {
	disk := &smallDisk{Mem: vfs.NewMem(), free: 1 << 30}
	o := Options{Reserve: true}.Small()
	o.FS = disk
	k := newKeeper(t, o)
	k.mustWrite()
	k.must(k.db.Flush())
	k.must(k.db.Settle())
	name := path.Join("db", reserveName)
	if _, err := o.FS.Stat(name); err != nil {
		t.Fatal(err)
	}
	disk.free = 100 << 10 // of 1 GiB
	k.o.MemTableSize *= 2
	k.reopen()
	if n, err := o.FS.Stat(name); err == nil {
		t.Errorf("a reserve of %d bytes, want %d or none", n, k.db.reserveSize())
	}
	k.must(k.db.Close())
}

// smallDisk is a Mem that says how much room it has.
type smallDisk struct {
	*vfs.Mem

	free int64
}

func (d *smallDisk) Space(string) (vfs.Space, error) {
	return vfs.Space{Free: d.free, Total: 1 << 30}, nil
}

// TestOpenOnAFullDisk: a store that gave its reserve up to open goes back to normal once
// there is room: it makes its reserve again, and merges beside flushes.
func TestOpenOnAFullDisk(t *testing.T) {
	var full atomic.Bool
	o := Options{Reserve: true}.Small()
	o.FS = vfs.NewInject(vfs.NewMem(), func(op vfs.Op) (f vfs.Fault) {
		if op.Kind == vfs.OpWrite && strings.Contains(op.Path, "MANIFEST") && full.CompareAndSwap(true, false) {
			f.Err = syscall.ENOSPC
		}
		return f
	})
	k := newKeeper(t, o)
	k.mustWrite()
	k.must(k.db.Flush())
	k.must(k.db.Close())
	full.Store(true)
	k.open()
	if full.Load() {
		t.Fatal("no such operation was met")
	}
	k.mustWrite()
	k.must(k.db.Flush())
	k.must(k.db.Settle())
	if k.db.shortage.full.Load() {
		t.Error("the disk counts as full for ever")
	}
	if n, err := o.FS.Stat(path.Join("db", reserveName)); n != k.db.reserveSize() {
		t.Errorf("the reserve has %d bytes, want %d: %v", n, k.db.reserveSize(), err)
	}
	k.must(k.db.Close())
}

// TestLowWater: the mark below which the disk should be looked after does not depend on
// a reserve.
func TestLowWater(t *testing.T) {
	for _, reserve := range []bool{false, true} {
		o := Options{Reserve: reserve, FS: &smallDisk{Mem: vfs.NewMem(), free: 123 << 20}}
		db, err := Open("db", o)
		if err != nil {
			t.Fatal(err)
		}
		m := db.Metrics()
		if flush := tableBytes(o.withDefaults().MemTableSize); m.DiskFreeBytes != 123<<20 || m.DiskLowBytes < flush || m.DiskLowBytes > 1<<29 {
			t.Errorf("reserve %v: %d bytes free, low at %d; a flush takes %d of the 1 GiB", reserve, m.DiskFreeBytes, m.DiskLowBytes, flush)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCloseOnAFullDisk: a store that was killed, and opened on a full disk, closes there
// without an error though it has no room for an end mark in its log: nothing is lost.
func TestCloseOnAFullDisk(t *testing.T) {
	var full atomic.Bool
	disk := vfs.NewMem()
	o := Options{FS: disk}.Small()
	k := newKeeper(t, o)
	k.next = 1 // at Buffered
	k.mustWrite()
	killed := disk.CrashClone(vfs.CrashOptions{ProcessCrash: true})
	k.must(k.db.Close())
	k.o.FS = vfs.NewInject(killed, func(op vfs.Op) (f vfs.Fault) {
		if full.Load() && op.Kind == vfs.OpAllocate {
			f.Err = syscall.ENOSPC
		}
		return f
	})
	full.Store(true)
	k.open()
	k.reopen()
	full.Store(false)
	k.reopen()
	k.must(k.db.Close())
}

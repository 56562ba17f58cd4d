package lsm

import (
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// brokenLog is a disk on which the log cannot be written while broken is set.
func brokenLog(disk vfs.FS) (fs vfs.FS, broken *atomic.Bool) {
	broken = new(atomic.Bool)
	return vfs.NewInject(disk, func(op vfs.Op) vfs.Fault {
		if broken.Load() && op.Kind == vfs.OpWrite && strings.HasSuffix(op.Path, ".wal") {
			return vfs.Fault{Err: syscall.ENOSPC, Short: 10}
		}
		return vfs.Fault{}
	}), broken
}

func setKey(db *DB, key string, level kv.Durability) error {
	var b kv.Batch
	b.Set([]byte(key), nil)
	return db.Apply(&b, level)
}

// TestDurableReadsOnAFullDisk: what was acknowledged at Buffered before the disk was full
// is made durable and read, though the log holds refused writes that have no room.
func TestDurableReadsOnAFullDisk(t *testing.T) {
	disk := vfs.NewMem()
	o := Options{DurableReads: true}.Small()
	fs, broken := brokenLog(disk)
	o.FS = fs
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := setKey(db, "acknowledged", kv.Buffered); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	if err := setKey(db, "refused", kv.Buffered); !errors.Is(err, kv.ErrExhausted) {
		t.Fatalf("%v, want %v", err, kv.ErrExhausted)
	}
	if _, err := db.Get(nil, []byte("acknowledged")); err != nil {
		t.Errorf("a read on the full disk: %v", err)
	}
	if _, err := db.Get(nil, []byte("refused")); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("a read of what is not durable: %v", err)
	}
	after, err := Open("db", Options{FS: disk.CrashClone(vfs.CrashOptions{})}.Small())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := after.Get(nil, []byte("acknowledged")); err != nil {
		t.Errorf("read before a power cut and lost by it: %v", err)
	}
	if err := after.Close(); err != nil {
		t.Fatal(err)
	}
	broken.Store(false)
	if err := setKey(db, "later", kv.Synced); err != nil {
		t.Error(err)
	}
}

// TestSyncIntervalOnAFullDisk: the bound of time holds for what was acknowledged, though
// the log holds refused writes that have no room.
func TestSyncIntervalOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewMem()
		o := Options{SyncInterval: time.Second}.Small()
		fs, broken := brokenLog(disk)
		o.FS = fs
		db, err := Open("db", o)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := setKey(db, "0000", kv.Buffered); err != nil {
			t.Fatal(err)
		}
		broken.Store(true)
		if err := setKey(db, "refused", kv.Buffered); !errors.Is(err, kv.ErrExhausted) {
			t.Fatalf("%v, want %v", err, kv.ErrExhausted)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := count(t, disk.CrashClone(vfs.CrashOptions{})); n != 1 {
			t.Errorf("a power cut two intervals later leaves %d writes, want 1", n)
		}
		broken.Store(false)
	})
}

package lsm

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// TestCheckpointFaults lets each operation of a checkpoint fail in turn. The copy's
// directory is not there then, unless what failed was its removal, and nothing is wrong
// with the store: it takes writes, makes a checkpoint and opens again.
func TestCheckpointFaults(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EMFILE} {
		failed := 0
		for n := 1; checkpointFault(t, n, errno); n++ {
			failed++
		}
		if failed < 10 {
			t.Errorf("%v: only %d operations could fail", errno, failed)
		}
	}
}

const storeDir = "/db"

func openStore(t *testing.T, o Options) *DB {
	t.Helper()
	db, err := Open(storeDir, o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// wantValue opens the store in dir and looks for a value.
func wantValue(t *testing.T, dir string, o Options, key, want string) {
	t.Helper()
	db, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := db.Get(nil, []byte(key)); err != nil || string(v) != want {
		t.Errorf("%s: %s is %q, %v, want %q", dir, key, v, err, want)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// checkpointFault fails the n-th operation of a checkpoint and says whether there was one.
func checkpointFault(t *testing.T, n int, errno syscall.Errno) (failed bool) {
	mem := vfs.NewMem()
	left := -1
	o := Options.Small(Options{FS: vfs.NewInject(mem, func(op vfs.Op) vfs.Fault {
		if left--; left == 0 {
			failed = true
			return vfs.Fault{Err: errno}
		}
		return vfs.Fault{}
	})})
	o.Deterministic = true
	db := openStore(t, o)
	for i := range 50 {
		set(t, db, fmt.Sprint(i), fmt.Sprintf("%0100d", i))
	}
	if err := db.Settle(); err != nil {
		t.Fatal(err)
	}
	set(t, db, "last", "in memory")
	left = n
	err := db.Checkpoint("/copy")
	left = -1
	switch _, there := mem.Stat("/copy"); {
	case !failed:
		return false
	case err == nil: // it could do without
		wantValue(t, "/copy", o, "last", "in memory")
	case !errors.Is(err, errno):
		t.Errorf("operation %d: %v, want %v", n, err, errno)
	case !errors.Is(there, fs.ErrNotExist):
		t.Errorf("operation %d, %v: the copy's directory is left: %v", n, errno, there)
	}
	set(t, db, "more", "1")
	if err := errors.Join(db.Checkpoint("/second"), db.Verify(), db.Close()); err != nil {
		t.Fatalf("after operation %d failed with %v: %v", n, errno, err)
	}
	wantValue(t, "/second", o, "more", "1")
	wantValue(t, storeDir, o, "more", "1")
	return true
}

// TestCheckpointIsNoStoreBeforeItsEnd: what a crash leaves of an unfinished copy is
// refused, not taken for an empty store.
func TestCheckpointIsNoStoreBeforeItsEnd(t *testing.T) {
	mem := vfs.NewMem()
	db := openStore(t, Options{FS: mem})
	defer db.Close()
	set(t, db, "k", "v")
	refused := 0
	mem.OnOp = func(vfs.Op) {
		crashed := mem.CrashClone(vfs.CrashOptions{ProcessCrash: true})
		names, err := crashed.List("/copy")
		if err != nil || len(names) == 0 {
			return
		}
		copied, err := Open("/copy", Options{FS: crashed})
		switch {
		case err == nil:
			if v, err := copied.Get(nil, []byte("k")); err != nil || string(v) != "v" {
				t.Errorf("with %v: a store without what was copied: %v", names, err)
			}
			copied.Close()
		case errors.Is(err, kv.ErrCorrupt):
			refused++
		default:
			t.Errorf("with %v: %v", names, err)
		}
	}
	if err := db.Checkpoint("/copy"); err != nil {
		t.Fatal(err)
	}
	mem.OnOp = nil
	if refused == 0 {
		t.Error("no crash was in the middle of the copy")
	}
}

package lsm

import (
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// TestOpenFault opens a store while one kind of operation fails, for each kind that an
// opening does and each errno. The error is that errno, and never damage; if something
// was lacking it is kv.ErrExhausted too. Verify says the same. Then the store opens.
func TestOpenFault(t *testing.T) {
	disk := vfs.NewMem()
	o := Options{}.Small()
	o.FS = disk
	k := newKeeper(t, o)
	for range 300 {
		k.mustWrite()
	}
	k.must(k.db.Close())
	for _, errno := range []syscall.Errno{syscall.EIO, syscall.EMFILE, syscall.ENOSPC, syscall.ENOMEM} {
		for kind := vfs.OpCreate; kind <= vfs.OpMemory; kind++ {
			for _, file := range []string{".wal", ".sst", "MANIFEST", "CURRENT", "LOCK", "db"} {
				t.Run(kind.String()+" "+file+"/"+errno.Error(), func(t *testing.T) {
					mem := disk.CrashClone(vfs.CrashOptions{ProcessCrash: true})
					testOpenFault(&keeper{TB: t, o: o, next: k.next, acked: k.acked}, mem, kind, file, errno)
				})
			}
		}
	}
}

func testOpenFault(k *keeper, mem *vfs.Mem, kind vfs.OpKind, file string, errno syscall.Errno) {
	k.Helper()
	var met atomic.Bool
	o := k.o
	o.FS = vfs.NewInject(mem, func(op vfs.Op) (f vfs.Fault) {
		if op.Kind == kind && strings.Contains(op.Path, file) && !(file == "db" && strings.Contains(op.Path, "/")) {
			met.Store(true)
			f.Err = errno
		}
		return f
	})
	db, err := Open("db", o)
	if err == nil { // it could do without, at least in opening, or there is no such operation
		if err := db.Close(); err != nil && (!errors.Is(err, errno) || errors.Is(err, kv.ErrCorrupt)) {
			k.Errorf("Close gave %v, want %v", err, errno)
		}
	} else if !errors.Is(err, errno) || errors.Is(err, kv.ErrCorrupt) {
		k.Errorf("Open gave %v, want %v", err, errno)
	}
	if err != nil && errors.Is(err, kv.ErrExhausted) != vfs.Exhausted(err) {
		k.Errorf("Open gave %v: exhausted or not?", err)
	}
	if err == nil && !met.Load() {
		return // an opening has no such operation
	}
	if r, err := Verify(o.FS, "db"); len(r.Findings) > 0 || err != nil && !errors.Is(err, errno) {
		k.Errorf("Verify found %v, %v", r.Findings, err)
	}
	k.o.FS = mem
	k.open()
	k.check()
	k.must(k.db.Close())
}

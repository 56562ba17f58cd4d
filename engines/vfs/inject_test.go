package vfs_test

import (
	"errors"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lsmlab/engines/vfs"
)

// injected returns a Mem behind faults that decide may be changed at any time.
func injected(t *testing.T, decide *func(vfs.Op) vfs.Fault) (*vfs.Mem, *vfs.Inject) {
	m := newMem(t)
	return m, vfs.NewInject(m, func(op vfs.Op) vfs.Fault { return (*decide)(op) })
}

func none(vfs.Op) vfs.Fault { return vfs.Fault{} }

func always(f vfs.Fault) func(vfs.Op) vfs.Fault { return func(vfs.Op) vfs.Fault { return f } }

// Every operation must ask, say its kind and path, and give the error back.
func TestInjectErrors(t *testing.T) {
	decide := none
	m, fs := injected(t, &decide)
	f := must(fs.Create("/db/a"))(t)
	var last vfs.Op
	decide = func(op vfs.Op) vfs.Fault { last = op; return vfs.Fault{Err: syscall.EIO} }
	before := m.Fingerprint()
	for kind, call := range map[vfs.OpKind]func() error{
		vfs.OpCreate:        func() error { _, err := fs.Create("/db/a"); return err },
		vfs.OpOpen:          func() error { _, err := fs.Open("/db/a"); return err },
		vfs.OpOpenReadWrite: func() error { _, err := fs.OpenReadWrite("/db/a"); return err },
		vfs.OpOpenDSync:     func() error { _, err := fs.OpenDSync("/db/a"); return err },
		vfs.OpRemove:        func() error { return fs.Remove("/db/a") },
		vfs.OpRename:        func() error { return fs.Rename("/db/a", "/db/b") },
		vfs.OpLink:          func() error { return fs.Link("/db/a", "/db/b") },
		vfs.OpMkdirAll:      func() error { return fs.MkdirAll("/db/a") },
		vfs.OpList:          func() error { _, err := fs.List("/db/a"); return err },
		vfs.OpStat:          func() error { _, err := fs.Stat("/db/a"); return err },
		vfs.OpSyncDir:       func() error { return fs.SyncDir("/db/a") },
		vfs.OpLock:          func() error { _, err := fs.Lock("/db/a"); return err },
		vfs.OpRead:          func() error { _, err := f.ReadAt(make([]byte, 3), 0); return err },
		vfs.OpWrite:         func() error { _, err := f.WriteAt([]byte("abc"), 0); return err },
		vfs.OpTruncate:      func() error { return f.Truncate(9) },
		vfs.OpAllocate:      func() error { return f.Allocate(9) },
		vfs.OpSync:          func() error { return f.Sync() },
		vfs.OpSyncData:      func() error { return f.SyncData() },
		vfs.OpMap:           func() error { _, err := f.Map(); return err },
		vfs.OpMapWritable:   func() error { _, err := f.MapWritable(); return err },
		vfs.OpMemory:        func() error { return vfs.AskMemory(fs, "/db/a", 9) },
	} {
		if err := call(); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: error %v, want EIO", kind, err)
		}
		if last.Kind != kind || last.Path != "/db/a" {
			t.Errorf("%s: asked about %s", kind, last)
		}
	}
	if m.Fingerprint() != before {
		t.Error("a failed operation changed something")
	}
}

func TestInjectShort(t *testing.T) {
	decide := none
	_, fs := injected(t, &decide)
	f := must(fs.Create("/db/a"))(t)
	decide = always(vfs.Fault{Err: syscall.ENOSPC, Short: 2})
	n, err := f.WriteAt([]byte("abcd"), 0)
	if size := must(f.Size())(t); n != 2 || size != 2 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("short write: %d bytes and %v, size %d; want 2, ENOSPC, 2", n, err, size)
	}
	buf := make([]byte, 4)
	if n, err := f.ReadAt(buf[:2], 0); n != 2 || !errors.Is(err, syscall.ENOSPC) || string(buf[:2]) != "ab" {
		t.Errorf("short read: %d bytes %q and %v", n, buf[:n], err)
	}
}

// A lie must look like success and change nothing.
func TestInjectLie(t *testing.T) {
	decide := none
	m, fs := injected(t, &decide)
	f := must(fs.Create("/db/a"))(t)
	check(t, fs.SyncDir("/db"), fs.SyncDir("/"))
	before := m.Fingerprint()
	decide = always(vfs.Fault{Lie: true})
	if n, err := f.WriteAt([]byte("abcd"), 0); n != 4 || err != nil {
		t.Errorf("lying write: %d, %v", n, err)
	}
	check(t, f.Truncate(9), f.Allocate(9), fs.Remove("/db/a"), fs.Rename("/db/a", "/db/b"), fs.Link("/db/a", "/db/b"), fs.MkdirAll("/db/c"))
	for range 2 {
		must(fs.Lock("/db/LOCK"))(t)
	}
	if m.Fingerprint() != before {
		t.Error("a lie changed something")
	}

	decide = none
	must(f.WriteAt([]byte("abcd"), 0))(t)
	decide = always(vfs.Fault{Lie: true})
	check(t, f.Sync(), f.SyncData())
	d := must(fs.OpenDSync("/db/a"))(t)
	decide = none
	must(d.WriteAt([]byte("efgh"), 4))(t)
	if got := contents(t, m.CrashClone(vfs.CrashOptions{}), "/db/a"); got != "" {
		t.Errorf("after lying syncs a crash leaves %q, want nothing", got)
	}
}

func TestInjectDelay(t *testing.T) {
	decide := always(vfs.Fault{Delay: 2 * time.Millisecond})
	_, fs := injected(t, &decide)
	start := time.Now()
	check(t, fs.SyncDir("/db"))
	if took := time.Since(start); took < 2*time.Millisecond {
		t.Errorf("took %v, want 2ms at least", took)
	}
}

// The hook must see each operation that mutates once, and no other.
func TestMemOnOp(t *testing.T) {
	decide := none
	m, fs := injected(t, &decide)
	var asked, seen atomic.Int64
	decide = func(op vfs.Op) vfs.Fault {
		if op.Kind.Mutates() {
			asked.Add(1)
		}
		return vfs.Fault{}
	}
	m.OnOp = func(op vfs.Op) {
		seen.Add(1)
		if !op.Kind.Mutates() {
			t.Errorf("hook called for %s", op)
		}
		m.CrashClone(vfs.CrashOptions{})
	}
	f := must(fs.Create("/db/a"))(t)
	must(f.WriteAt([]byte("abc"), 0))(t)
	must(f.ReadAt(make([]byte, 3), 0))(t)
	check(t, f.Truncate(9), f.Allocate(10), f.Sync(), f.SyncData(), f.Close())
	check(t, fs.Rename("/db/a", "/db/b"), fs.Link("/db/b", "/db/a"), fs.SyncDir("/db"), fs.Remove("/db/b"), fs.MkdirAll("/db/c"))
	must(fs.Lock("/db/LOCK"))(t)
	must(fs.List("/db"))(t)
	if asked.Load() != seen.Load() || seen.Load() != 12 {
		t.Errorf("hook called %d times, want %d and 12", seen.Load(), asked.Load())
	}
}

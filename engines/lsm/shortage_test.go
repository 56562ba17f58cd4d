package lsm

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/vfs"
)

// scarce is a kind of operation, on files whose names hold a text, that the system
// refuses for want of something.
type scarce struct {
	kind vfs.OpKind
	file string
	errs []syscall.Errno
}

var (
	noSpace  = syscall.ENOSPC
	noFiles  = syscall.EMFILE
	noMemory = syscall.ENOMEM
)

// scarcities are all operations of a running store that may be refused so.
var scarcities = []scarce{
	{vfs.OpWrite, ".wal", []syscall.Errno{noSpace, noMemory, syscall.EDQUOT}},
	{vfs.OpCreate, ".wal", []syscall.Errno{noSpace, noFiles, noMemory, syscall.ENFILE}},
	{vfs.OpAllocate, ".wal", []syscall.Errno{noSpace, noMemory}},
	{vfs.OpRename, ".wal", []syscall.Errno{noSpace, noMemory}},
	{vfs.OpMapWritable, ".wal", []syscall.Errno{noMemory}},
	{vfs.OpOpenReadWrite, ".wal", []syscall.Errno{noFiles, noMemory}},
	{vfs.OpRemove, ".wal", []syscall.Errno{noSpace, noMemory}},
	{vfs.OpWrite, ".sst", []syscall.Errno{noSpace, noMemory}},
	{vfs.OpCreate, ".sst", []syscall.Errno{noSpace, noFiles, noMemory}},
	{vfs.OpOpen, ".sst", []syscall.Errno{noFiles, noMemory}},
	{vfs.OpStat, ".sst", []syscall.Errno{noMemory}},
	{vfs.OpMap, ".sst", []syscall.Errno{noMemory, noFiles}},
	{vfs.OpRemove, ".sst", []syscall.Errno{noSpace, noMemory}},
	{vfs.OpWrite, "MANIFEST", []syscall.Errno{noSpace, noMemory}},
	{vfs.OpCreate, "MANIFEST", []syscall.Errno{noSpace, noFiles}},
	{vfs.OpCreate, "CURRENT", []syscall.Errno{noSpace, noFiles}},
	{vfs.OpWrite, "CURRENT", []syscall.Errno{noSpace}},
	{vfs.OpOpen, "CURRENT", []syscall.Errno{noFiles, noMemory}},
	{vfs.OpRename, "CURRENT", []syscall.Errno{noSpace}},
	{vfs.OpMemory, "db", []syscall.Errno{noMemory}},
	{vfs.OpAllocate, reserveName, []syscall.Errno{noSpace}},
}

// TestShortage has the system refuse one kind of operation for a while, for each kind
// and each errno that says that something is lacking. Meanwhile writes, flushes and
// compactions succeed or are refused with kv.ErrExhausted, and reads go on. Right after
// it the store takes all of them again, without being opened again; then, and when it
// has been opened again, everything that was acknowledged is there.
func TestShortage(t *testing.T) {
	for _, write := range []wal.WriteMethod{wal.Positioned, wal.Mapped} {
		for _, s := range scarcities {
			if s.kind == vfs.OpMapWritable && write == wal.Positioned {
				continue // there is no such operation
			}
			for _, errno := range s.errs {
				t.Run(fmt.Sprintf("%v/%v %s/%v", write, s.kind, s.file, errno), func(t *testing.T) {
					testShortage(t, write, s, errno)
				})
			}
		}
	}
}

func testShortage(t *testing.T, write wal.WriteMethod, s scarce, errno syscall.Errno) {
	var broken atomic.Bool
	var refused atomic.Int64
	o := Options{Reserve: true, WALWrite: write}.Small()
	o.MaxImmutable, o.ManifestRollSize = 2, 1
	if s.kind == vfs.OpRemove && s.file == ".wal" {
		o.WALPoolSize = -1
	}
	o.FS = vfs.NewInject(vfs.NewMem(), func(op vfs.Op) vfs.Fault {
		if !broken.Load() || op.Kind != s.kind || !strings.Contains(op.Path, s.file) {
			return vfs.Fault{}
		}
		refused.Add(1)
		return vfs.Fault{Err: errno, Short: int(refused.Load() * 17 % 90)}
	})
	k := newKeeper(t, o)
	if s.kind == vfs.OpOpenReadWrite { // only of segments that an earlier opening left
		for range 40 {
			k.mustWrite()
		}
		k.reopen()
	}
	for range 30 {
		k.mustWrite()
	}
	broken.Store(true)
	for i := range 300 {
		k.write()
		if i%20 == 10 {
			k.may(k.db.Flush())
		}
		if i%150 == 140 { // which drops the pool: after some segments
			k.may(k.db.Compact())
		}
		if err := k.db.Writable(); err != nil {
			k.may(err)
		}
	}
	if refused.Load() == 0 {
		t.Fatal("no such operation was met")
	}
	k.check()
	broken.Store(false)
	k.mustWrite()
	if err := k.db.Writable(); err != nil {
		t.Errorf("Writable after the shortage: %v", err)
	}
	for range 100 {
		k.mustWrite()
	}
	k.must(k.db.Flush())
	k.must(k.db.Compact())
	k.must(k.db.Settle())
	k.check()
	k.reopen()
	k.mustWrite()
	k.must(k.db.Close())
	if r, err := Verify(o.FS, "db"); err != nil || len(r.Findings) > 0 {
		t.Errorf("verify: %v, %v", r.Findings, err)
	}
}

// keeper writes to a store and knows what must be in it.
type keeper struct {
	testing.TB
	o     Options
	db    *DB
	next  int
	acked map[int]bool // by number; false: refused
}

func newKeeper(t testing.TB, o Options) *keeper {
	t.Helper()
	k := &keeper{TB: t, o: o, acked: map[int]bool{}}
	k.open()
	return k
}

func (k *keeper) open() {
	k.Helper()
	db, err := Open("db", k.o)
	k.must(err)
	k.db = db
}

func (k *keeper) reopen() {
	k.Helper()
	k.must(k.db.Close())
	k.open()
	k.check()
}

func (k *keeper) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

// may takes success and what says that something is lacking.
func (k *keeper) may(err error) {
	k.Helper()
	if err != nil && !errors.Is(err, kv.ErrExhausted) {
		k.Fatalf("%v, want %v", err, kv.ErrExhausted)
	}
}

func (k *keeper) write() error {
	k.Helper()
	var b kv.Batch
	b.Set(k.key(k.next), make([]byte, 100))
	b.Set(fmt.Appendf(nil, "twin%06d", k.next), nil)
	err := k.db.Apply(&b, kv.Durability(k.next%3))
	k.may(err)
	k.acked[k.next] = err == nil
	k.next++
	return err
}

func (k *keeper) mustWrite() {
	k.Helper()
	k.must(k.write())
}

func (k *keeper) key(n int) []byte { return fmt.Appendf(nil, "key%06d", n) }

// check looks for every write: those acknowledged are there, the others whole or not
// at all.
func (k *keeper) check() {
	k.Helper()
	for n, acked := range k.acked {
		_, err := k.db.Get(nil, k.key(n))
		_, twin := k.db.Get(nil, fmt.Appendf(nil, "twin%06d", n))
		if acked && err != nil {
			k.Fatalf("write %d of %d, acknowledged: %v", n, k.next, err)
		}
		if !errors.Is(twin, err) && !errors.Is(err, twin) {
			k.Fatalf("write %d of %d is there in part: %v and %v", n, k.next, err, twin)
		}
	}
}

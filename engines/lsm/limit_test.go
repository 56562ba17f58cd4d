//go:build !race

// The race detector maps more than any limit allows.

package lsm

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lsmlab/engines/internal/headroom"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/wal"
)

// limitCase names the part of TestLimits that a process of it does.
const limitCase = "LSM_TEST_LIMIT"

// limits are what a process of TestLimits is given beyond what it has, from when its
// store has tables: of addresses what the runtime needs, and more.
var limits = map[string]struct {
	resource int
	now      func() uint64 // in use
	more     uint64
	write    wal.WriteMethod
	refused  bool // writes must be
}{
	"no memory":          {unix.RLIMIT_AS, addressBytes, headroom.Bytes + 1<<20, wal.Positioned, true},
	"no memory, mapped":  {unix.RLIMIT_AS, addressBytes, headroom.Bytes + 1<<20, wal.Mapped, true},
	"some memory":        {unix.RLIMIT_AS, addressBytes, headroom.Bytes + 200<<20, wal.Positioned, false},
	"no files":           {unix.RLIMIT_NOFILE, openFiles, 0, wal.Positioned, true},
	"no files, mapped":   {unix.RLIMIT_NOFILE, openFiles, 0, wal.Mapped, true},
	"two files, mapped":  {unix.RLIMIT_NOFILE, openFiles, 2, wal.Mapped, false},
	"some memory mapped": {unix.RLIMIT_AS, addressBytes, headroom.Bytes + 200<<20, wal.Mapped, false},
}

// TestLimits runs a store in a process whose address space, or number of descriptors,
// is limited as by prlimit. The process does not end: writes are refused, or are not
// where the store can do without, and reads go on. Once the limit is lifted writes go
// on, and all that was acknowledged is there.
func TestLimits(t *testing.T) {
	if name := os.Getenv(limitCase); name != "" {
		underLimit(t, name)
		return
	}
	for name := range limits {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestLimits$", "-test.v")
			cmd.Env = append(os.Environ(), limitCase+"="+name)
			text, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(text), "limit was in force") {
				t.Fatalf("%v:\n%.4000s", err, text)
			}
		})
	}
}

// underLimit is what a process of TestLimits does.
func underLimit(t *testing.T, name string) {
	l := limits[name]
	db, err := Open(t.TempDir(), Options{MemTableSize: 4 << 20, WALSegmentSize: 1 << 20, TableSize: 1 << 20, WALWrite: l.write})
	if err != nil {
		t.Fatal(err)
	}
	n, value := 0, make([]byte, 1<<10)
	write := func() error {
		var b kv.Batch
		b.Set(fmt.Appendf(nil, "key%08d", n), value)
		err := db.Apply(&b, kv.Buffered)
		if err == nil {
			n++
		}
		return err
	}
	check := func() {
		t.Helper()
		for i := range n {
			if _, err := db.Get(nil, fmt.Appendf(nil, "key%08d", i)); err != nil {
				t.Fatalf("key %d of %d: %v", i, n, err)
			}
		}
	}
	for n < 20_000 {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(db.Flush(), db.Settle()); err != nil {
		t.Fatal(err)
	}
	var before unix.Rlimit
	if err := unix.Getrlimit(l.resource, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: l.now() + l.more, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for range 20_000 {
		if err := write(); err == nil {
			continue
		} else if !errors.Is(err, kv.ErrExhausted) {
			t.Fatalf("write %d: %v, want %v", n, err, kv.ErrExhausted)
		}
		if refused++; refused == 1 {
			t.Logf("refused after %d writes", n)
		}
	}
	check()
	if err := unix.Setrlimit(l.resource, &before); err != nil {
		t.Fatal(err)
	}
	t.Logf("limit was in force: %d writes refused", refused)
	if l.refused && refused == 0 {
		t.Error("the limit refused no write")
	}
	for range 10_000 {
		if err := write(); err != nil {
			t.Fatalf("after the limit: %v", err)
		}
	}
	if err := errors.Join(db.Flush(), db.Compact()); err != nil {
		t.Fatal(err)
	}
	check()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// addressBytes returns the size of the process's address space.
func addressBytes() uint64 {
	var pages uint64
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	if _, err := fmt.Sscan(string(text), &pages); err != nil {
		panic(err)
	}
	return pages * uint64(os.Getpagesize())
}

// openFiles returns the number below which no descriptor is free.
func openFiles() uint64 {
	for fd := 0; ; fd++ {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
			return uint64(fd)
		}
	}
}

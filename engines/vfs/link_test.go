package vfs_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"lsmlab/engines/vfs"
)

// TestLinkOrCopy: where links cannot be had the copy is a durable file of its own, and
// other errors are errors.
func TestLinkOrCopy(t *testing.T) {
	decide := none
	m, fs := injected(t, &decide)
	text := strings.Repeat("0123456789", 250_000) // some chunks
	check(t, put(t, m, "/db/a", text).Sync(), put(t, m, "/db/empty", "").Sync())
	linked := func(err error) {
		decide = func(op vfs.Op) vfs.Fault {
			if op.Kind == vfs.OpLink {
				return vfs.Fault{Err: err}
			}
			return vfs.Fault{}
		}
	}
	linked(syscall.EXDEV)
	check(t, vfs.LinkOrCopy(fs, "/db/a", "/db/b"), vfs.LinkOrCopy(fs, "/db/empty", "/db/c"), fs.SyncDir("/db"))
	must(must(fs.OpenReadWrite("/db/a"))(t).WriteAt([]byte("x"), 0))(t)
	crashed := m.CrashClone(vfs.CrashOptions{})
	if contents(t, crashed, "/db/b") != text || contents(t, crashed, "/db/c") != "" {
		t.Error("a copy is not what was copied")
	}
	linked(syscall.EIO)
	if err := vfs.LinkOrCopy(fs, "/db/a", "/db/d"); !errors.Is(err, syscall.EIO) {
		t.Errorf("a link that failed: %v", err)
	}
}

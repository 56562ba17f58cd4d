package vfs_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"lsmlab/engines/vfs"
)

// Two names of one file share its content, also in what a crash left, and each
// name is found or lost on its own.
func TestLink(t *testing.T) {
	m := newMem(t)
	f := put(t, m, "/db/a", "x")
	check(t, m.SyncDir("/db"), m.Link("/db/a", "/db/b"))
	must(f.WriteAt([]byte("y"), 0))(t)
	if got := contents(t, m, "/db/b"); got != "y" {
		t.Errorf("the other name shows %q", got)
	}
	look := func(m *vfs.Mem) string {
		a, errA := m.Lstat("/db/a")
		b, errB := m.Lstat("/db/b")
		check(t, errA)
		return fmt.Sprint(contents(t, m, "/db/a"), " ", errB == nil && a.ID == b.ID && b.Size == 1, errB)
	}
	lost := "false lstat /db/b: no such file or directory"
	only(t, found(m, look), "x "+lost, "y "+lost, "x true <nil>", "y true <nil>")
	check(t, f.Sync(), m.SyncDir("/db"), m.Remove("/db/a"))
	if got := contents(t, m.CrashClone(vfs.CrashOptions{ProcessCrash: true}), "/db/b"); got != "y" {
		t.Errorf("after its first name was removed: %q", got)
	}
	for _, err := range []error{m.Link("/db", "/db/c"), m.Link("/db/none", "/db/c"), m.Link("/db/b", "/db/b")} {
		if !errors.Is(err, syscall.EPERM) && !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.EEXIST) {
			t.Errorf("error %v", err)
		}
	}
}

func TestSymlink(t *testing.T) {
	m := newMem(t)
	check(t, m.SyncDir("/"), m.SyncDir("/db"), m.Symlink("store/a", "/db/s"))
	target := func(m *vfs.Mem) string {
		info, _ := m.Lstat("/db/s")
		return info.Target
	}
	before := m.CrashClone(vfs.CrashOptions{})
	only(t, found(m, target), "", "store/a")
	if before.Fingerprint() == m.Fingerprint() {
		t.Error("with and without the link look alike")
	}
	check(t, m.Symlink("other", "/db/s2"), m.Rename("/db/s2", "/db/s"), m.SyncDir("/db"))
	only(t, found(m, target), "other")
	if _, err := m.Create("/db/s"); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("created through a link: %v", err)
	}
}

// An exchange is found whole or not at all.
func TestExchange(t *testing.T) {
	m := newMem(t)
	put(t, m, "/db/a", "1")
	put(t, m, "/db/store/b", "2")
	check(t, m.SyncDir("/db"), m.SyncDir("/db/store"), m.Exchange("/db/a", "/db/store/b"))
	look := func(m *vfs.Mem) string { return contents(t, m, "/db/a") + contents(t, m, "/db/store/b") }
	only(t, found(m, look), "12", "21")
	check(t, m.SyncDir("/db"))
	only(t, found(m, look), "21")
	if err := m.Exchange("/db", "/db/a"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a directory into itself: %v", err)
	}
}

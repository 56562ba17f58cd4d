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
	check(t, m.Symlink("other", "/db/same"), m.Rename("/db/same", "/db/s"))
	if _, err := m.Lstat("/db/same"); err == nil {
		t.Error("two links to one target are taken for one file")
	}
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

// Data of a file with holes is found run by run, and reserved space is no content.
func TestNextData(t *testing.T) {
	m := newMem(t)
	f := put(t, m, "/db/a", "").(vfs.MemFile)
	must(f.WriteAt([]byte("x"), 3*4096+5))(t)
	must(f.WriteAt([]byte("y"), 9*4096))(t)
	plain := must(m.Lstat("/db/a"))(t)
	check(t, f.Allocate(1<<30))
	for _, c := range [][3]int64{{0, 3 * 4096, 4 * 4096}, {3*4096 + 7, 3*4096 + 7, 4 * 4096}, {4 * 4096, 9 * 4096, 10 * 4096}, {10 * 4096, 1 << 30, 1 << 30}} {
		if from, to := f.NextData(c[0]); from != c[1] || to != c[2] {
			t.Errorf("after %d: %d to %d, want %d to %d", c[0], from, to, c[1], c[2])
		}
	}
	sparse := m.Fingerprint()
	must(f.WriteAt(make([]byte, 4096), 20*4096))(t)
	if m.Fingerprint() != sparse || plain.Size != 9*4096+1 {
		t.Error("a page of zeros is other than a hole")
	}
}

// A range that is synced is durable, and the rest of the file is not.
func TestSyncRange(t *testing.T) {
	m := newMem(t)
	f := put(t, m, "/db/a", "").(vfs.MemFile)
	must(f.WriteAt([]byte("aaaa"), 0))(t)
	must(f.WriteAt([]byte("bbbb"), 4096))(t)
	check(t, f.SyncRange(4096, 4))
	got := contents(t, m.CrashClone(vfs.CrashOptions{Strict: true}), "/db/a")
	if len(got) != 4100 || got[:4] != "\x00\x00\x00\x00" || got[4096:] != "bbbb" {
		t.Errorf("%d bytes: %q ... %q", len(got), got[:4], got[4096:])
	}
}

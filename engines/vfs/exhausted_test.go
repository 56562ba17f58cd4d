package vfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

func TestExhausted(t *testing.T) {
	at := func(op string, err error) error { return &fs.PathError{Op: op, Path: "db/x", Err: err} }
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("text"), false},
		{syscall.ENOSPC, true},
		{at("write", syscall.ENOSPC), true},
		{at("write", syscall.EIO), false},
		{at("open", syscall.EMFILE), true},
		{at("fallocate", syscall.EDQUOT), true},
		{at("mmap", syscall.ENOMEM), true},
		{at("sync", syscall.ENOSPC), false},
		{at("fdatasync", syscall.EDQUOT), false},
		{at("syncdata", syscall.ENOMEM), false},
		{at("syncdir", syscall.EMFILE), true}, // of the directory's opening
		{&os.LinkError{Op: "rename", Old: "a", New: "b", Err: syscall.ENOSPC}, true},
		{fmt.Errorf("table: %w", at("write", syscall.ENOSPC)), true},
		{fmt.Errorf("table: %w", at("sync", syscall.ENOSPC)), false},
		{errors.Join(at("write", syscall.ENOSPC), at("close", syscall.EIO)), false},
		{errors.Join(at("write", syscall.ENOSPC), at("sync", syscall.ENOSPC)), false},
		{errors.Join(at("write", syscall.ENOSPC), at("remove", syscall.ENOSPC)), true},
		{fmt.Errorf("%w: %w", kv.ErrCorrupt, at("open", syscall.EMFILE)), false},
		{fmt.Errorf("%w: %w", kv.ErrExhausted, at("open", syscall.EMFILE)), true},
		{fmt.Errorf("%w: closed in a write: %w", kv.ErrClosed, syscall.ENOSPC), false},
	} {
		if got := vfs.Exhausted(tc.err); got != tc.want {
			t.Errorf("%v: %v, want %v", tc.err, got, tc.want)
		}
		marked := vfs.MarkExhausted(tc.err)
		if errors.Is(marked, kv.ErrExhausted) != (tc.want || errors.Is(tc.err, kv.ErrExhausted)) || !errors.Is(marked, tc.err) {
			t.Errorf("%v is marked as %v", tc.err, marked)
		}
	}
}

// A write that fails for want of space has not moved its last byte, one that fails
// otherwise may have.
func TestShortOfSpace(t *testing.T) {
	for errno, want := range map[error]int{syscall.ENOSPC: 3, syscall.EIO: 4} {
		decide := none
		_, fs := injected(t, &decide)
		f := must(fs.Create("/db/a"))(t)
		decide = always(vfs.Fault{Err: errno, Short: 9})
		if n, err := f.WriteAt([]byte("abcd"), 0); n != want || !errors.Is(err, errno) {
			t.Errorf("%d bytes and %v, want %d", n, err, want)
		}
	}
}

func TestSpace(t *testing.T) {
	dir := t.TempDir()
	s, ok := vfs.SpaceOf(vfs.OS, dir)
	if !ok || s.Free < 0 || s.Total < s.Free {
		t.Errorf("%+v, %v", s, ok)
	}
	if through, ok := vfs.SpaceOf(vfs.NewInject(vfs.OS, none), dir); !ok || through.Total != s.Total {
		t.Errorf("through Inject %+v, %v; want %+v", through, ok, s)
	}
	for name, unknown := range map[string]vfs.FS{"Mem": vfs.NewMem(), "Inject on Mem": vfs.NewInject(vfs.NewMem(), none)} {
		if s, ok := vfs.SpaceOf(unknown, dir); ok {
			t.Errorf("%s says %+v", name, s)
		}
	}
	if _, ok := vfs.SpaceOf(vfs.OS, dir+"/none"); ok {
		t.Error("a directory that is not there has room")
	}
}

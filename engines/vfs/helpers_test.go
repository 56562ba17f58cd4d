package vfs_test

import (
	"errors"
	"io"
	"testing"

	"lsmlab/engines/vfs"
)

// must ends the test on an error: v := must(call())(t).
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// contents returns what a file holds.
func contents(t testing.TB, fs vfs.FS, name string) string {
	t.Helper()
	f := must(fs.Open(name))(t)
	b := make([]byte, must(f.Size())(t))
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	check(t, f.Close())
	return string(b)
}

func exists(fs vfs.FS, name string) bool {
	_, err := fs.Stat(name)
	return err == nil
}

// put makes a durable file, entry included, and leaves it open.
func put(t testing.TB, fs vfs.FS, name, content string) vfs.File {
	t.Helper()
	f := must(fs.Create(name))(t)
	must(f.WriteAt([]byte(content), 0))(t)
	check(t, f.Sync(), fs.SyncDir("/db"), fs.SyncDir("/"))
	return f
}

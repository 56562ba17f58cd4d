package vfs_test

import (
	"testing"

	"lsmlab/engines/vfs"
	"lsmlab/engines/vfs/vfstest"
)

func TestOS(t *testing.T) {
	vfstest.Run(t, func(t *testing.T) (vfs.FS, string) { return vfs.OS, t.TempDir() })
}

func newMem(t *testing.T) *vfs.Mem {
	m := vfs.NewMem()
	if err := m.MkdirAll("/db/store"); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMem(t *testing.T) {
	vfstest.Run(t, func(t *testing.T) (vfs.FS, string) { return newMem(t), "/db/store" })
}

// A crash state must be as good a file system as any.
func TestMemClone(t *testing.T) {
	vfstest.Run(t, func(t *testing.T) (vfs.FS, string) {
		return newMem(t).CrashClone(vfs.CrashOptions{Choose: vfs.Chance(1, nil)}), "/db/store"
	})
}

func TestInject(t *testing.T) {
	vfstest.Run(t, func(t *testing.T) (vfs.FS, string) {
		return vfs.NewInject(newMem(t), func(vfs.Op) vfs.Fault { return vfs.Fault{} }), "/db/store"
	})
}

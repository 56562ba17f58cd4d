package pebble

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	ours "lsmlab/engines/vfs"
)

// foreignFS is Pebble's view of a file system of this module, so that one
// simulated disk judges Pebble and our own engines alike. Every call that
// changes something is one call below, with the same promise:
//
//   - Create first removes a file of that name: the handle leads to a new file.
//   - SyncTo syncs all, which it may.
//   - Preallocate reserves and leaves the size as it is (FALLOC_FL_KEEP_SIZE), so
//     below it is nothing at all.
type foreignFS struct{ fs ours.FS }

var _ vfs.FS = (*foreignFS)(nil)

func (f *foreignFS) Create(name string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.fs.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return f.wrap(name, f.fs.Create)
}

func (f *foreignFS) wrap(name string, open func(string) (ours.File, error)) (vfs.File, error) {
	file, err := open(name)
	if err != nil {
		return nil, err
	}
	return &foreignFile{File: file, name: name}, nil
}

func (f *foreignFS) Link(oldname, newname string) error {
	return f.fs.Link(oldname, newname)
}

func (f *foreignFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.wrap(name, f.fs.Open)
	if err != nil {
		return nil, err
	}
	for _, o := range opts {
		o.Apply(file)
	}
	return file, nil
}

func (f *foreignFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, _ ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.wrap(name, f.fs.OpenReadWrite)
	if errors.Is(err, fs.ErrNotExist) {
		return f.Create(name, c)
	}
	return file, err
}

func (f *foreignFS) OpenDir(name string) (vfs.File, error) {
	if _, err := f.fs.List(name); err != nil {
		return nil, err
	}
	return &foreignDir{fs: f.fs, name: name}, nil
}

func (f *foreignFS) Remove(name string) error { return f.fs.Remove(name) }

func (f *foreignFS) RemoveAll(name string) error {
	names, err := f.fs.List(name)
	for _, n := range names {
		if err := f.RemoveAll(path.Join(name, n)); err != nil {
			return err
		}
	}
	if err != nil && !errors.Is(err, syscall.ENOTDIR) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := f.fs.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f *foreignFS) Rename(oldname, newname string) error { return f.fs.Rename(oldname, newname) }

func (f *foreignFS) ReuseForWrite(oldname, newname string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.fs.Rename(oldname, newname); err != nil {
		return nil, err
	}
	return f.wrap(newname, f.fs.OpenReadWrite)
}

func (f *foreignFS) MkdirAll(dir string, _ os.FileMode) error { return f.fs.MkdirAll(dir) }

func (f *foreignFS) Lock(name string) (io.Closer, error) { return f.fs.Lock(name) }

func (f *foreignFS) List(dir string) ([]string, error) { return f.fs.List(dir) }

func (f *foreignFS) Stat(name string) (vfs.FileInfo, error) {
	size, err := f.fs.Stat(name)
	if err != nil {
		return nil, err
	}
	_, err = f.fs.List(name)
	return foreignInfo{name: path.Base(name), size: size, dir: err == nil}, nil
}

func (f *foreignFS) PathBase(p string) string       { return path.Base(p) }
func (f *foreignFS) PathJoin(elem ...string) string { return path.Join(elem...) }
func (f *foreignFS) PathDir(p string) string        { return path.Dir(p) }
func (f *foreignFS) Unwrap() vfs.FS                 { return nil }
func (f *foreignFS) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: 1 << 40, TotalBytes: 1 << 40}, nil
}

// foreignFile adds to a file the position that reads and writes go by.
type foreignFile struct {
	ours.File
	name    string
	written atomic.Int64 // where the next Write goes
	read    int64
}

func (f *foreignFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.read)
	f.read += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *foreignFile) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, f.written.Load())
	f.written.Add(int64(n))
	return n, err
}

func (f *foreignFile) Preallocate(int64, int64) error { return nil }

func (f *foreignFile) Stat() (vfs.FileInfo, error) {
	size, err := f.Size()
	return foreignInfo{name: path.Base(f.name), size: size}, err
}

func (f *foreignFile) SyncTo(int64) (bool, error) {
	return true, f.SyncData()
}

func (f *foreignFile) Prefetch(int64, int64) error { return nil }
func (f *foreignFile) Fd() uintptr                 { return vfs.InvalidFd }

// foreignDir is a directory opened to be synced.
type foreignDir struct {
	vfs.File // nil: Pebble does nothing else with a directory
	fs       ours.FS
	name     string
}

func (d *foreignDir) Sync() error                { return d.fs.SyncDir(d.name) }
func (d *foreignDir) SyncData() error            { return d.Sync() }
func (d *foreignDir) SyncTo(int64) (bool, error) { return false, nil }
func (d *foreignDir) Fd() uintptr                { return vfs.InvalidFd }
func (d *foreignDir) Close() error               { return nil }
func (d *foreignDir) Stat() (vfs.FileInfo, error) {
	return foreignInfo{name: path.Base(d.name), dir: true}, nil
}

type foreignInfo struct {
	name string
	size int64
	dir  bool
}

func (i foreignInfo) Name() string           { return i.name }
func (i foreignInfo) Size() int64            { return i.size }
func (i foreignInfo) IsDir() bool            { return i.dir }
func (i foreignInfo) ModTime() time.Time     { return time.Time{} }
func (i foreignInfo) Sys() any               { return nil }
func (i foreignInfo) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }
func (i foreignInfo) Mode() os.FileMode {
	if i.dir {
		return os.ModeDir | 0o755
	}
	return 0o644
}

package vfs

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"lsmlab/engines/internal/headroom"
)

// OS is the file system of the operating system. Reads and writes are pread and pwrite,
// which package os repeats until all bytes are moved or an error occurs. A caller never
// sees EINTR.
var OS FS = osFS{}

// osFS has no state: names are those of the process.
type osFS struct{}

// filePerm is the mode of new files, before the umask.
const filePerm = 0o644

func (osFS) Create(name string) (File, error) {
	return openOS(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (osFS) Open(name string) (File, error) { return openOS(name, os.O_RDONLY) }

func (osFS) OpenReadWrite(name string) (File, error) { return openOS(name, os.O_RDWR) }

func (osFS) OpenDSync(name string) (File, error) { return openOS(name, os.O_RDWR|unix.O_DSYNC) }

func (osFS) Remove(name string) error { return os.Remove(name) }

func (osFS) Rename(oldname, newname string) error { return os.Rename(oldname, newname) }

func (osFS) Link(oldname, newname string) error { return os.Link(oldname, newname) }

func (osFS) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o755) }

func (osFS) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (osFS) Stat(name string) (int64, error) {
	info, err := os.Stat(name)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (osFS) SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func openOS(name string, flags int) (File, error) {
	f, err := os.OpenFile(name, flags, filePerm)
	if err != nil {
		return nil, err
	}
	return &osFile{f}, nil
}

// osFile adds to os.File the methods that it lacks. ReadAt, WriteAt, Truncate, Sync and
// Close are those of os.File.
type osFile struct{ *os.File }

func (f *osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f *osFile) SyncData() error { return f.control("fdatasync", unix.Fdatasync) }

// Allocate uses fallocate. Where the file system cannot reserve space, it only sets the
// size.
func (f *osFile) Allocate(size int64) error {
	if size == 0 {
		return nil // fallocate refuses a size of 0
	}
	err := f.control("fallocate", func(fd int) error { return unix.Fallocate(fd, 0, 0, size) })
	if !errors.Is(err, unix.EOPNOTSUPP) {
		return err
	}
	// This file system cannot reserve space, but the size can be set.
	if now, err := f.Size(); err != nil || now >= size {
		return err
	}
	return f.Truncate(size)
}

func (f *osFile) Map() (Mapping, error) {
	m, err := f.mmap(unix.PROT_READ)
	if err != nil {
		return nil, err // not m: a nil *osMapping in a Mapping is not nil
	}
	return m, nil
}

func (f *osFile) MapWritable() (WritableMapping, error) {
	m, err := f.mmap(unix.PROT_READ | unix.PROT_WRITE)
	if err != nil {
		return nil, err // as in Map
	}
	return m, nil
}

// mmap maps the whole file. It first checks that enough address space remains for the
// Go runtime, which would end the process without it.
func (f *osFile) mmap(prot int) (*osMapping, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	m := &osMapping{name: f.Name()}
	if size == 0 {
		return m, nil // mmap refuses a size of 0
	}
	err = f.control("mmap", func(fd int) (err error) {
		if err = headroom.Ask(); err != nil {
			return err
		}
		m.data, err = unix.Mmap(fd, 0, int(size), prot, unix.MAP_SHARED)
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// control runs call with the descriptor, which stays open during the call. It repeats
// the call while a signal interrupts it.
func (f *osFile) control(op string, call func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var callErr error
	closed := conn.Control(func(fd uintptr) {
		for {
			if callErr = call(int(fd)); callErr != unix.EINTR {
				return
			}
		}
	})
	if err = callErr; closed != nil {
		err = fs.ErrClosed // the only error of Control; package os does not export it
	}
	if err != nil {
		return &fs.PathError{Op: op, Path: f.Name(), Err: err}
	}
	return nil
}

// osMapping is a mapping by mmap, of either kind. For an empty file it has no memory.
type osMapping struct {
	name string
	data []byte
}

func (m *osMapping) Bytes() []byte { return m.data }

// Forget implements [Mapping]. Pages that lie only partly within the range are kept.
func (m *osMapping) Forget(from, to int64) {
	page := int64(os.Getpagesize())
	m.advise((from+page-1)/page*page, min(to, int64(len(m.data)))/page*page, unix.MADV_DONTNEED)
}

// Populate implements [WritableMapping]. Linux has it since 5.14. An error of the
// device is not reported here: the store meets it again.
func (m *osMapping) Populate(from, to int64) {
	page := int64(os.Getpagesize())
	m.advise(from/page*page, min(to, int64(len(m.data))), unix.MADV_POPULATE_WRITE)
}

// advise is madvise for [from, to), where from is the beginning of a page. Errors are
// ignored: advice that the system does not follow does no harm.
func (m *osMapping) advise(from, to int64, advice int) {
	if from < to {
		_ = unix.Madvise(m.data[from:to], advice)
	}
}

// Unmap gives up the mapping. A second call does nothing.
func (m *osMapping) Unmap() error {
	if m.data == nil {
		return nil
	}
	data := m.data
	m.data = nil
	if err := unix.Munmap(data); err != nil {
		return &fs.PathError{Op: "munmap", Path: m.name, Err: err}
	}
	return nil
}

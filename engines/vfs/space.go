package vfs

import (
	"cmp"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Space is the room on the file system that holds a directory, in bytes.
type Space struct {
	Free  int64 // that this process may still use
	Total int64
}

// SpaceReporter is a file system that knows how much room it has. [OS] does, and
// [Inject] if what is behind it does.
type SpaceReporter interface {
	// Space returns the room for files in dir.
	Space(dir string) (Space, error)
}

// SpaceOf returns the room for files in dir. ok is false if f cannot tell.
func SpaceOf(f FS, dir string) (s Space, ok bool) {
	r, ok := f.(SpaceReporter)
	if !ok {
		return s, false
	}
	s, err := r.Space(dir)
	return s, err == nil && s.Total > 0
}

// Space implements [SpaceReporter].
func (osFS) Space(dir string) (Space, error) {
	var s unix.Statfs_t
	err := unix.Statfs(dir, &s)
	for err == unix.EINTR {
		err = unix.Statfs(dir, &s)
	}
	if err != nil {
		return Space{}, &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return space(&s), nil
}

// space returns the bytes of what statfs counts in fragments, as df does. A block may be
// larger: of a network or FUSE file system it is what a transfer should have.
func space(s *unix.Statfs_t) Space {
	fragment := cmp.Or(s.Frsize, s.Bsize)
	return Space{Free: int64(s.Bavail) * fragment, Total: int64(s.Blocks) * fragment}
}

// Space implements [SpaceReporter]; the zero Space says that it is not known.
func (i *Inject) Space(dir string) (Space, error) {
	if r, ok := i.fs.(SpaceReporter); ok {
		return r.Space(dir)
	}
	return Space{}, nil
}

// AskMemory asks f whether the store in dir may take size bytes of memory that is
// no file's: an [Inject] may refuse, all others agree. Who maps such memory asks
// before, so that a test or a crash exploration can have it refused.
func AskMemory(f FS, dir string, size int64) error {
	if i, ok := f.(*Inject); ok {
		_, err := i.before(Op{Kind: OpMemory, Path: dir, Length: size})
		return err
	}
	return nil
}

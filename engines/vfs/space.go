package vfs

import (
	"cmp"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Space is the room, in bytes, on the file system that holds a directory.
type Space struct {
	Free  int64 // for this process
	Total int64
}

// SpaceReporter is a file system that knows how much room it has. [OS] does. [Inject]
// does if the file system below it does.
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

// space converts what statfs counts in fragments to bytes, as df does. A block may be
// larger than a fragment: on a network or FUSE file system, it is the preferred size of
// transfers.
func space(s *unix.Statfs_t) Space {
	fragment := cmp.Or(s.Frsize, s.Bsize)
	return Space{Free: int64(s.Bavail) * fragment, Total: int64(s.Blocks) * fragment}
}

// Space implements [SpaceReporter]. The zero Space says that the room is not known.
func (i *Inject) Space(dir string) (Space, error) {
	if r, ok := i.fs.(SpaceReporter); ok {
		return r.Space(dir)
	}
	return Space{}, nil
}

// AskMemory asks f whether the store in dir may take size bytes of memory that belong
// to no file. An [Inject] may refuse; every other file system agrees. Code that maps
// such memory asks before, so that a test or a crash exploration can make it fail.
func AskMemory(f FS, dir string, size int64) error {
	if i, ok := f.(*Inject); ok {
		_, err := i.before(Op{Kind: OpMemory, Path: dir, Length: size})
		return err
	}
	return nil
}

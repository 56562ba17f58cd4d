package vfs

import (
	"io"
	"io/fs"
	"time"
)

// Fault says what happens to one operation instead of, or before, its normal course.
// The zero value is no fault.
type Fault struct {
	// Delay is how long the operation sleeps before anything else, as on a slow device.
	Delay time.Duration
	// Err, if not nil, is the error of the operation, which then does not run. The
	// error is wrapped in a *fs.PathError.
	Err error
	// Short is how many bytes an OpRead or OpWrite moves before it fails with Err.
	// Without Err it has no effect. A write that fails for want of space never moves
	// the last byte, as on Linux.
	Short int
	// Clean, together with Err on a sync, makes the sync fail as on Linux: the kernel
	// marks the pages clean, so that a later sync does not cover them either. It has an
	// effect on files of [Mem] only.
	Clean bool
	// Lie makes the operation report success without doing anything. It plants bugs: a
	// Sync that syncs nothing, a Lock that locks nothing, an OpenDSync that opens
	// without O_DSYNC. Operations whose result the caller needs (open, create, read,
	// map, list, stat) cannot lie and run as usual.
	Lie bool
}

// Inject is an FS whose operations fail as a function decides. It is safe for
// concurrent use if the function is.
type Inject struct {
	fs     FS
	decide func(Op) Fault
}

var _ FS = (*Inject)(nil)

// NewInject returns fs with faults. It calls decide before every operation except
// Close, Size and Unmap, in the goroutine of the operation, with no lock held.
func NewInject(fs FS, decide func(Op) Fault) *Inject { return &Inject{fs, decide} }

// before applies the part of the fault that comes before the operation. lie says that
// the caller must skip the operation and report success.
func (i *Inject) before(op Op) (lie bool, err error) {
	fault := i.decide(op)
	time.Sleep(fault.Delay)
	if fault.Err != nil {
		return false, &fs.PathError{Op: op.Kind.String(), Path: op.Path, Err: fault.Err}
	}
	return fault.Lie, nil
}

// do runs an operation that returns nothing but an error.
func (i *Inject) do(op Op, run func() error) error {
	if lie, err := i.before(op); lie || err != nil {
		return err
	}
	return run()
}

// open runs an operation that returns a file, and wraps the file.
func (i *Inject) open(kind OpKind, name string, open func(name string) (File, error)) (File, error) {
	if _, err := i.before(Op{Kind: kind, Path: name}); err != nil {
		return nil, err
	}
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	return &injectFile{File: f, i: i, name: name}, nil
}

// Create implements [FS].
func (i *Inject) Create(name string) (File, error) { return i.open(OpCreate, name, i.fs.Create) }

// Open implements [FS].
func (i *Inject) Open(name string) (File, error) { return i.open(OpOpen, name, i.fs.Open) }

// OpenReadWrite implements [FS].
func (i *Inject) OpenReadWrite(name string) (File, error) {
	return i.open(OpOpenReadWrite, name, i.fs.OpenReadWrite)
}

// OpenDSync implements [FS].
func (i *Inject) OpenDSync(name string) (File, error) {
	lie, err := i.before(Op{Kind: OpOpenDSync, Path: name})
	if err != nil {
		return nil, err
	}
	open := i.fs.OpenDSync
	if lie {
		open = i.fs.OpenReadWrite
	}
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	return &injectFile{File: f, i: i, name: name}, nil
}

// Remove implements [FS].
func (i *Inject) Remove(name string) error {
	return i.do(Op{Kind: OpRemove, Path: name}, func() error { return i.fs.Remove(name) })
}

// Rename implements [FS].
func (i *Inject) Rename(oldname, newname string) error {
	return i.do(Op{Kind: OpRename, Path: oldname, To: newname}, func() error {
		return i.fs.Rename(oldname, newname)
	})
}

// Link implements [FS].
func (i *Inject) Link(oldname, newname string) error {
	return i.do(Op{Kind: OpLink, Path: oldname, To: newname}, func() error {
		return i.fs.Link(oldname, newname)
	})
}

// MkdirAll implements [FS].
func (i *Inject) MkdirAll(dir string) error {
	return i.do(Op{Kind: OpMkdirAll, Path: dir}, func() error { return i.fs.MkdirAll(dir) })
}

// List implements [FS].
func (i *Inject) List(dir string) ([]string, error) {
	if _, err := i.before(Op{Kind: OpList, Path: dir}); err != nil {
		return nil, err
	}
	return i.fs.List(dir)
}

// Stat implements [FS].
func (i *Inject) Stat(name string) (int64, error) {
	if _, err := i.before(Op{Kind: OpStat, Path: name}); err != nil {
		return 0, err
	}
	return i.fs.Stat(name)
}

// SyncDir implements [FS].
func (i *Inject) SyncDir(dir string) error {
	return i.do(Op{Kind: OpSyncDir, Path: dir}, func() error { return i.fs.SyncDir(dir) })
}

// Lock implements [FS].
func (i *Inject) Lock(name string) (io.Closer, error) {
	lie, err := i.before(Op{Kind: OpLock, Path: name})
	if err != nil {
		return nil, err
	}
	if lie {
		return noLock{}, nil
	}
	return i.fs.Lock(name)
}

// noLock is a lock that locks nothing, for a Lock that lies.
type noLock struct{}

func (noLock) Close() error { return nil }

package vfs

import (
	"io/fs"
	"time"
)

// injectFile is an open file of an [Inject]. No fault is decided for Size and Close.
type injectFile struct {
	File
	i    *Inject
	name string
}

func (f *injectFile) ReadAt(p []byte, off int64) (int, error) {
	return f.move(OpRead, p, off, f.File.ReadAt)
}

func (f *injectFile) WriteAt(p []byte, off int64) (int, error) {
	return f.move(OpWrite, p, off, f.File.WriteAt)
}

// move runs a read or a write, of which a part may happen.
func (f *injectFile) move(kind OpKind, p []byte, off int64, run func([]byte, int64) (int, error)) (int, error) {
	op := Op{Kind: kind, Path: f.name, Offset: off, Length: int64(len(p))}
	fault := f.i.decide(op)
	time.Sleep(fault.Delay)
	switch {
	case fault.Err != nil:
		n, most := 0, len(p)
		if kind == OpWrite && Exhausted(fault.Err) {
			most--
		}
		if short := min(fault.Short, most); short > 0 {
			var err error
			if n, err = run(p[:short], off); err != nil {
				return n, err
			}
		}
		return n, &fs.PathError{Op: kind.String(), Path: f.name, Err: fault.Err}
	case fault.Lie && kind == OpWrite:
		return len(p), nil
	}
	return run(p, off)
}

func (f *injectFile) Truncate(size int64) error {
	return f.i.do(Op{Kind: OpTruncate, Path: f.name, Length: size}, func() error {
		return f.File.Truncate(size)
	})
}

func (f *injectFile) Allocate(size int64) error {
	return f.i.do(Op{Kind: OpAllocate, Path: f.name, Length: size}, func() error {
		return f.File.Allocate(size)
	})
}

func (f *injectFile) Sync() error { return f.sync(OpSync, f.File.Sync) }

func (f *injectFile) SyncData() error { return f.sync(OpSyncData, f.File.SyncData) }

// syncFailer is a file whose syncs can fail as on Linux; see [Fault.Clean].
type syncFailer interface{ FailSync() }

// sync runs a sync, or fails it as the fault says.
func (f *injectFile) sync(kind OpKind, run func() error) error {
	fault := f.i.decide(Op{Kind: kind, Path: f.name})
	time.Sleep(fault.Delay)
	switch file, ok := f.File.(syncFailer); {
	case fault.Err != nil:
		if ok && fault.Clean {
			file.FailSync()
		}
		return &fs.PathError{Op: kind.String(), Path: f.name, Err: fault.Err}
	case fault.Lie:
		return nil
	}
	return run()
}

func (f *injectFile) Map() (Mapping, error) {
	if _, err := f.i.before(Op{Kind: OpMap, Path: f.name}); err != nil {
		return nil, err
	}
	return f.File.Map()
}

func (f *injectFile) MapWritable() (WritableMapping, error) {
	if _, err := f.i.before(Op{Kind: OpMapWritable, Path: f.name}); err != nil {
		return nil, err
	}
	return f.File.MapWritable()
}

package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// Log is the manifest to which edits are appended. It is safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	file    vfs.File
	fileNum uint64
	ranged  bool  // it takes range deletes
	size    int64 // bytes, all of which are durable
	buf     []byte
	err     error // the error of every later Append
}

// Create starts manifest fileNum, with base as its first version, and makes CURRENT
// name it. A crash in the middle, or an error, leaves either the manifest before or the
// new one in force, each whole. Only after an error from the very end (the rename of
// CURRENT and the sync of the directory) is it unknown which of them. If that error
// wraps kv.ErrExhausted, it is the one before.
//
// fileNum must not be the number of a file that is needed. The number of the manifest
// in force is refused. Create does not remove the manifest before.
func Create(fsys vfs.FS, dir string, fileNum uint64, base *Version) (*Log, error) {
	switch now, err := readCurrent(fsys, dir); {
	case err == nil && now == fileNum:
		return nil, fmt.Errorf("create %s: %w: it is in force", path.Join(dir, FileName(fileNum)), fs.ErrExist)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, vfs.MarkExhausted(err)
	}
	first := base.snapshot()
	version := uint32(formatVersion)
	if first.ranged() {
		version = rangeVersion
	}
	data, err := appendRecord(appendHeader(nil, fileNum, version), appendEdit(nil, first), fileNum, headerSize)
	if err != nil {
		return nil, err
	}
	name := path.Join(dir, FileName(fileNum))
	file, err := fsys.Create(name)
	if err != nil {
		return nil, vfs.MarkExhausted(err)
	}
	inForce := false
	if _, err = file.WriteAt(data, 0); err == nil {
		err = file.Sync()
	}
	if err == nil {
		inForce, err = setCurrent(fsys, dir, fileNum)
	}
	if err == nil {
		return &Log{file: file, fileNum: fileNum, ranged: first.ranged(), size: int64(len(data))}, nil
	}
	err = errors.Join(err, file.Close())
	if inForce {
		return nil, err
	}
	_ = fsys.Remove(name) // a file that stays behind is harmless, and err says more
	return nil, vfs.MarkExhausted(err)
}

// Takes says whether e may be appended. An edit about range deletes may not, if there was
// none when the manifest was begun: programs that know nothing of them must refuse the
// manifest whole, by its format version. So the caller starts a new manifest with the
// version after e.
func (l *Log) Takes(e *Edit) bool { return l.ranged || !e.ranged() }

// ranged says whether e holds anything about range deletes.
func (e *Edit) ranged() bool {
	return e.ClearRanges || len(e.Ranges) > 0 ||
		slices.ContainsFunc(e.Added, func(a LevelTable) bool { return a.Table.Swept != 0 })
}

// Append makes e durable: when Append returns nil, the whole edit is in force. The edit
// must fit the version so far (see [Version.Apply]) and the log (see [Log.Takes]); the log
// does not check this.
//
// After an error the edit may or may not be in force, the log is broken, and every
// later Append returns that error. An error that wraps kv.ErrExhausted is different:
// then the edit is not in force and never will be. At most a part of it was written,
// which the next Append overwrites.
func (l *Log) Append(e *Edit) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	err := l.append(e)
	if !errors.Is(err, kv.ErrExhausted) {
		l.err = err
	}
	return err
}

// append is Append under l.mu. An error breaks the log, unless it wraps
// kv.ErrExhausted.
func (l *Log) append(e *Edit) error {
	record, err := appendRecord(l.buf[:0], appendEdit(nil, e), l.fileNum, l.size)
	if err != nil {
		return err
	}
	l.buf = record
	if _, err := l.file.WriteAt(record, l.size); err != nil {
		// A part of this record could become a whole record with bytes of the next one.
		return vfs.MarkExhausted(errors.Join(err, l.file.Truncate(l.size)))
	}
	if err := l.file.SyncData(); err != nil {
		return err
	}
	l.size += int64(len(record))
	return nil
}

// Size returns the bytes of the manifest. The caller starts a new manifest when this
// one is much larger than a snapshot would be.
func (l *Log) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size
}

// FileNum returns the number of the manifest.
func (l *Log) FileNum() uint64 { return l.fileNum }

// Close closes the file. Everything that was appended is durable already. Later calls
// of Append and Close return kv.ErrClosed, or the error that broke the log.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return kv.ErrClosed
	}
	err := l.file.Close()
	l.file = nil
	if l.err == nil {
		l.err = kv.ErrClosed
	}
	return err
}

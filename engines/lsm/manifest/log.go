package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// Log is the manifest that edits are appended to. It is safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	file    vfs.File
	fileNum uint64
	size    int64 // bytes, all of them durable
	buf     []byte
	err     error // what every Append returns from now on
}

// Create starts manifest fileNum with base as its first version and makes it the
// one that counts. A crash in the middle, or an error, leaves the one before or
// the new one in force, each whole; only after an error from the very end (the
// rename of CURRENT and the sync of the directory) is it not known which. If the error
// wraps kv.ErrExhausted it is the one before.
//
// fileNum must be the number of no file that is needed; that of the manifest in
// force is refused. The manifest before is not removed.
func Create(fsys vfs.FS, dir string, fileNum uint64, base *Version) (*Log, error) {
	switch now, err := ReadCurrent(fsys, dir); {
	case err == nil && now == fileNum:
		return nil, fmt.Errorf("create %s: %w: it is in force", path.Join(dir, FileName(fileNum)), fs.ErrExist)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, vfs.MarkExhausted(err)
	}
	data, err := appendRecord(appendHeader(nil, fileNum), AppendEdit(nil, base.snapshot()), fileNum, headerSize)
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
		return &Log{file: file, fileNum: fileNum, size: int64(len(data))}, nil
	}
	err = errors.Join(err, file.Close())
	if inForce {
		return nil, err
	}
	_ = fsys.Remove(name) // an orphan is harmless, and err says more
	return nil, vfs.MarkExhausted(err)
}

// Append makes e durable: it is in force, whole, when Append returns nil. After
// an error it may or may not be, the log is broken, and every later Append
// returns that error. Only after one that wraps kv.ErrExhausted the edit is not in
// force, and never will be: a part of it was written at most, where the next Append
// writes. The edit must fit the version so far (see
// [Version.Apply]); the log does not check it.
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

func (l *Log) append(e *Edit) error {
	record, err := appendRecord(l.buf[:0], AppendEdit(nil, e), l.fileNum, l.size)
	if err != nil {
		return err
	}
	l.buf = record
	if _, err := l.file.WriteAt(record, l.size); err != nil {
		// What there is of the record could make a part of the next one whole.
		return vfs.MarkExhausted(errors.Join(err, l.file.Truncate(l.size)))
	}
	if err := l.file.SyncData(); err != nil {
		return err
	}
	l.size += int64(len(record))
	return nil
}

// Size returns the bytes of the manifest, so that the caller can start a new one
// when it is much larger than a snapshot would be.
func (l *Log) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size
}

// FileNum returns the number of the manifest.
func (l *Log) FileNum() uint64 { return l.fileNum }

// Close closes the file. All that was appended is durable already. Later calls
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

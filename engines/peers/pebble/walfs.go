package pebble

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"lsmlab/engines/kv"
)

// walFS gives Pebble the durability level that it lacks: a write that was handed to the OS
// but not synced. Commits at that durability level ask Pebble for a sync, so that the log
// writer calls write(2) before it acknowledges, and the log file skips the sync
// itself unless a commit that wants one is waiting.
//
// Why a synced commit is safe: it raises wanted before its record enters the
// log queue and lowers it after the acknowledgement. The sync that acknowledges
// it begins in between, so it sees wanted > 0 and is real; it covers the whole
// file, skipped syncs included. A log that ends is synced when it is closed,
// before the next one is created, so no later record outlives an earlier one.
//
// Formats from pebble.FormatWALSyncChunks on note in the log up to where it was
// synced, and a log that falls short of it fails to open as corrupt. Skipped
// syncs would make that note a lie, so the format is the one before.
type walFS struct {
	vfs.FS
	wanted atomic.Int64
}

func (fs *walFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, c)
	return fs.wrap(name, f, err)
}

func (fs *walFS) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.ReuseForWrite(oldname, newname, c)
	return fs.wrap(newname, f, err)
}

func (fs *walFS) wrap(name string, f vfs.File, err error) (vfs.File, error) {
	if err != nil || !strings.HasSuffix(name, ".log") {
		return f, err
	}
	return &walFile{File: f, fs: fs}, nil
}

// Unwrap implements [vfs.FS].
func (fs *walFS) Unwrap() vfs.FS { return fs.FS }

// walFile is used by one goroutine at a time, as Pebble says of writing and
// syncing.
type walFile struct {
	vfs.File
	fs      *walFS
	skipped bool // a sync since the last real one
}

func (f *walFile) Sync() error     { return f.sync(f.File.Sync) }
func (f *walFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *walFile) sync(do func() error) error {
	if f.fs.wanted.Load() == 0 {
		f.skipped = true
		return nil
	}
	f.skipped = false
	return do()
}

func (f *walFile) Close() error {
	if f.skipped {
		if err := f.File.SyncData(); err != nil {
			return errors.Join(fmt.Errorf("sync of a log that ends: %w", err), f.File.Close())
		}
	}
	return f.File.Close()
}

// inUse makes the error of a directory that is locked one that matches
// [kv.ErrInUse].
func inUse(dir string, err error) error {
	return fmt.Errorf("%w: %s: %w", kv.ErrInUse, dir, err)
}

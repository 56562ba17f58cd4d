package lsm

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
	"lsmlab/engines/vfs"
)

// Checkpoint implements [kv.Checkpointer]. The copy is tables alone: those of the
// present version by hard links (copies, if dir is on another file system), and one of
// what the MemTables hold. It needs no log then, and the store is not made to flush.
// Compactions and writes go on meanwhile; the tables that are being copied keep their
// disk space until the copy is done.
//
// The copy's CURRENT comes last. So what a crash leaves of an unfinished copy is no
// store, and opening it is refused.
func (db *DB) Checkpoint(dir string) (err error) {
	if err := db.beginCheckpoint(); err != nil {
		return err
	}
	defer db.endCheckpoint()
	switch _, err := db.opts.FS.Stat(dir); {
	case err == nil:
		return fmt.Errorf("lsm: checkpoint: %w", &fs.PathError{Op: "mkdir", Path: dir, Err: fs.ErrExist})
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("lsm: checkpoint: %w", vfs.MarkExhausted(err))
	}
	// In this order: the state holds all that was visible before it was taken, in
	// MemTables or in tables. Tables may hold more.
	visible := db.published.seq()
	state, ok := db.acquire()
	if !ok {
		return kv.ErrClosed
	}
	defer state.release()
	if err := db.checkpoint(dir, state.readState, max(visible, state.version.FlushedSeq)); err != nil {
		return fmt.Errorf("lsm: checkpoint: %w", vfs.MarkExhausted(errors.Join(err, removeDir(db.opts.FS, dir))))
	}
	return nil
}

// beginCheckpoint keeps Close waiting until endCheckpoint.
func (db *DB) beginCheckpoint() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closing.Load() {
		return kv.ErrClosed
	}
	db.checkpoints++
	return nil
}

func (db *DB) endCheckpoint() {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.checkpoints--
	db.work.progress.Broadcast()
}

// checkpoint makes a store in dir of what state holds up to the LSN upTo, at which a
// batch ends.
func (db *DB) checkpoint(dir string, state *readState, upTo ikey.Seq) (err error) {
	if err := makeDir(db.opts.FS, dir); err != nil {
		return err
	}
	recent, floor, err := db.writeRecent(state, upTo)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.discardTables(recent)) }()
	num := db.newFileID()
	edit := &manifest.Edit{FlushedSeq: upTo, NextFileID: num + 1, Past: db.pastOf(state.version.FlushedSeq, upTo, floor)}
	edit.Past.Marks = db.unsavedMarks(&state.version.Past)
	for _, t := range recent {
		edit.Added = append(edit.Added, manifest.LevelTable{Level: 0, Table: t.Table})
	}
	for _, m := range state.mems {
		edit.Ranges = append(edit.Ranges, m.rangesUpTo(upTo)...)
	}
	version, err := state.version.Apply(edit)
	if err != nil {
		return err
	}
	for _, lt := range version.Tables() {
		if err := vfs.LinkOrCopy(db.opts.FS, db.tablePath(lt.Table.ID), path.Join(dir, tableName(lt.Table.ID))); err != nil {
			return err
		}
	}
	if err := db.opts.FS.SyncDir(dir); err != nil {
		return err
	}
	version.Past = version.Past.Upto(upTo)
	// A secret of its own, drawn when it is opened first: the logs of the two stores
	// go on with the same epochs, and disk blocks of one may come to the other.
	version.Log.Secret = 0
	log, err := manifest.Create(db.opts.FS, dir, num, version)
	if err != nil {
		return err
	}
	return log.Close()
}

// writeRecent writes what the MemTables of state hold up to the LSN upTo to tables
// that no version names, and returns their floor too.
func (db *DB) writeRecent(state *readState, upTo ikey.Seq) ([]*table, ikey.Seq, error) {
	if upTo == state.version.FlushedSeq {
		return nil, 0, nil
	}
	var merge mergeIter
	var sources []ikey.Iterator
	for _, m := range state.mems {
		sources = append(sources, &upToIter{m.table.NewIterator(), upTo})
	}
	merge.init(sources)
	out := db.newOutput(0, upTo, math.MaxInt64, func([]byte) bool { return false })
	out.retain.snapshots = nil // those of this store are none of the copy
	tables, err := out.write(&merge, nil, nil)
	return tables, out.retain.floor, joinClose(err, &merge)
}

// upToIter is an iterator without the versions above an LSN.
type upToIter struct {
	ikey.Iterator
	upTo ikey.Seq
}

func (it *upToIter) skip(ok bool) bool {
	for ok && it.Key().Trailer.Seq() > it.upTo {
		ok = it.Iterator.Next()
	}
	return ok
}

func (it *upToIter) First() bool            { return it.skip(it.Iterator.First()) }
func (it *upToIter) SeekGE(k ikey.Key) bool { return it.skip(it.Iterator.SeekGE(k)) }
func (it *upToIter) Next() bool             { return it.skip(it.Iterator.Next()) }

// removeDir removes a directory of files, or does nothing if it is not there.
func removeDir(filesystem vfs.FS, dir string) error {
	names, err := filesystem.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range names {
		err = errors.Join(err, filesystem.Remove(path.Join(dir, name)))
	}
	return errors.Join(err, filesystem.Remove(dir))
}

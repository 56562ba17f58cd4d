package lsm

import (
	"errors"
	"path"
	"sync"
	"sync/atomic"

	"lsmlab/engines/internal/planted"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/manifest"
	"lsmlab/engines/vfs"
)

// editor changes the set of tables: one edit at a time, first on disk, in the manifest,
// and then in memory.
type editor struct {
	mu   sync.Mutex // held across the manifest's I/O
	log  *manifest.Log
	base int64 // bytes of the manifest when it was begun

	bytes    atomic.Int64  // of the manifest now; read without mu
	nextFile atomic.Uint64 // number of the next table or manifest; taken without mu
}

// install makes edit durable and then visible: added tables come, those that
// the edit removes go, and flushed, if given, is no longer read. On an error
// nothing is changed in memory, but the edit may be on disk: no file may be
// removed on its account, and no further edit is made. If it wraps kv.ErrExhausted the
// edit is not on disk.
func (db *DB) install(edit *manifest.Edit, added []*table, flushed *memHandle) (err error) {
	db.edits.mu.Lock()
	defer db.edits.mu.Unlock()
	if err := db.failure(); err != nil {
		return err
	}
	defer func() {
		if err != nil && !errors.Is(err, kv.ErrExhausted) {
			db.stopWrites(err)
		}
	}()
	edit.NextFileID = db.edits.nextFile.Load()
	current := db.state.Load() // only editMu's holder changes its tables
	if planted.Is(planted.FloorLate) && len(edit.Added) > 0 {
		edit.Past.Floor = 0 // Close makes it durable
	}
	edit.Past.Marks = db.unsavedMarks(&current.version.Past)
	version, err := current.version.Apply(edit)
	if err != nil {
		return err
	}
	db.dropRanges(edit, version)
	if !db.edits.log.Takes(edit) {
		err = db.replaceManifest(version)
	} else {
		err = db.edits.log.Append(edit)
	}
	if err != nil {
		return err
	}
	if db.edits.log.Size() > max(db.opts.ManifestRollSize, 4*db.edits.base) {
		if err := db.rollManifest(version); err != nil {
			return err
		}
	}
	db.edits.bytes.Store(db.edits.log.Size())
	tables := db.nextTableSet(current.tableSet, version, added)
	markObsolete(current, edit)

	db.mu.Lock()
	mems := db.state.Load().mems
	if flushed != nil {
		mems = mems[:len(mems)-1] // flushes go oldest first
		flushed.advance(memImmutable, memFlushed)
	}
	old := db.swapState(newReadState(mems, tables))
	db.mu.Unlock()
	old.retire()
	return nil
}

// markObsolete marks the tables that edit removes for good: a moved table is
// removed from one level and added to another.
func markObsolete(current *readState, edit *manifest.Edit) {
	gone := map[uint64]bool{}
	for _, r := range edit.Removed {
		gone[r.ID] = true
	}
	for _, a := range edit.Added {
		delete(gone, a.Table.ID)
	}
	for _, run := range current.runs {
		for _, t := range run {
			if gone[t.ID] {
				t.obsolete.Store(true)
				t.db.trash.bytes.Add(t.Size)
			}
		}
	}
}

func tableIDs(v *manifest.Version) map[uint64]bool {
	ids := map[uint64]bool{}
	for _, lt := range v.Tables() {
		ids[lt.Table.ID] = true
	}
	return ids
}

// rollManifest begins a new manifest with the state of version and removes the
// old one. It is called under editMu.
func (db *DB) rollManifest(version *manifest.Version) error {
	err := db.replaceManifest(version)
	if errors.Is(err, kv.ErrExhausted) {
		return nil // the old one goes on; the next edit tries again
	}
	return err
}

// replaceManifest is rollManifest, but the lack of room for a new one is an error. The old
// one is in force then.
func (db *DB) replaceManifest(version *manifest.Version) error {
	old := db.edits.log
	if err := db.beginManifest(version); err != nil {
		return err
	}
	if err := old.Close(); err != nil {
		return err
	}
	err := db.opts.FS.Remove(path.Join(db.dir, manifest.FileName(old.FileNum())))
	if vfs.Exhausted(err) {
		return nil // an orphan, which the next open removes
	}
	return err
}

// beginManifest makes a new manifest with the state of version the current one.
func (db *DB) beginManifest(version *manifest.Version) error {
	num := db.newFileID()
	base := *version
	base.NextFileID = db.edits.nextFile.Load()
	log, err := manifest.Create(db.opts.FS, db.dir, num, &base)
	if err != nil {
		return err
	}
	db.edits.log, db.edits.base = log, log.Size()
	db.edits.bytes.Store(db.edits.base)
	return nil
}

// newFileID returns a number for a new file.
func (db *DB) newFileID() uint64 { return db.edits.nextFile.Add(1) - 1 }

package lsm

import (
	"errors"
	"sync"
	"sync/atomic"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// trash is the tables that no version names and whose files are still there. The
// remover, one goroutine, removes the files of those that nobody reads any more.
type trash struct {
	bytes atomic.Int64 // of all of them, also of those that a reader holds

	// Under DB.mu:

	tables   []*table  // closed, with files to be removed
	removing bool      // the remover works
	filled   sync.Cond // wakes the remover: it may have work to do
}

// closeTable closes a table that nobody reads any more. An obsolete one's file
// is removed in the background or by Close; one that an iterator held beyond that
// is an orphan, which the next open removes.
func (db *DB) closeTable(t *table) {
	if err := t.reader.Close(); err != nil {
		db.stopWrites(err)
	}
	if t.obsolete.Load() {
		db.cache.Evict(t.ID)
		db.mu.Lock()
		db.trash.tables = append(db.trash.tables, t)
		db.trash.filled.Broadcast()
		db.mu.Unlock()
	}
}

// cleaning says whether files of obsolete tables are still there.
func (db *DB) cleaning() bool { return db.trash.removing || len(db.trash.tables) > 0 }

// removeLoop removes the files of obsolete tables until the store closes.
func (db *DB) removeLoop() {
	for {
		db.mu.Lock()
		for (len(db.trash.tables) == 0 || db.shortage.merges != nil) && !db.closing.Load() {
			db.trash.filled.Wait()
		}
		db.mu.Unlock()
		if !db.removeObsolete() && db.closing.Load() {
			return
		}
	}
}

// removeObsolete removes the files of the tables that are obsolete by now and says
// whether it removed any.
func (db *DB) removeObsolete() bool {
	db.mu.Lock()
	tables := db.trash.tables
	db.trash.tables, db.trash.removing = nil, len(tables) > 0
	db.mu.Unlock()
	var left []*table
	for _, t := range tables {
		err := vfs.MarkExhausted(db.opts.FS.Remove(db.tablePath(t.ID)))
		switch {
		case errors.Is(err, kv.ErrExhausted):
			left = append(left, t)
			db.runOut(err, &db.shortage.merges)
			continue
		case err != nil:
			db.stopWrites(err)
			continue
		}
		db.trash.bytes.Add(-t.Size)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.trash.tables = append(left, db.trash.tables...)
	db.trash.removing = false
	if len(left) == 0 && db.shortage.full.Load() {
		db.kickLocked() // there is more room now
	}
	db.work.progress.Broadcast()
	db.scheduleLocked()
	return len(tables) > len(left)
}

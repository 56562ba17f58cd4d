package lsm

import (
	"errors"
	"math"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/manifest"
)

// flushLoop flushes immutable MemTables, oldest first, until the store closes or
// fails.
func (db *DB) flushLoop() {
	for {
		m := db.awaitImmutable()
		if m == nil {
			return
		}
		if err := db.flush(m); err != nil {
			if !errors.Is(err, kv.ErrClosed) {
				db.stopWrites(err)
			}
			return
		}
	}
}

// awaitImmutable returns the oldest immutable MemTable, or nil when there is no
// more work to do.
func (db *DB) awaitImmutable() *memHandle {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.flushing = false
	db.changed.Broadcast()
	db.scheduleLocked()
	for db.Writable() == nil {
		if mems := db.state.Load().mems; len(mems) > 1 && !(db.serial() && db.plans.Any()) {
			db.flushing = true
			return mems[len(mems)-1]
		}
		db.changed.Wait()
	}
	return nil
}

// flush writes the versions of an immutable MemTable that somebody may still
// read to L0. The table is listed in a read state until install, so it stays.
func (db *DB) flush(m *memHandle) error {
	out := db.newOutput(0, m.lastSeq(), math.MaxInt64, func([]byte) bool { return false })
	out.cuts = db.state.Load().layout.Cuts()
	it := m.table.NewIterator()
	tables, err := out.write(it, nil, nil)
	if err := joinClose(err, it); err != nil {
		return errors.Join(err, db.discardTables(tables))
	}
	edit := &manifest.Edit{FlushedSeq: m.lastSeq()}
	for _, t := range tables {
		edit.Added = append(edit.Added, manifest.LevelTable{Level: 0, Table: t.Table})
		db.counters.flushBytes.Add(t.Size)
	}
	if err := db.install(edit, tables, m); err != nil {
		return closeTables(err, tables)
	}
	db.counters.flushes.Add(1)
	return db.wal.Obsolete(m.lastSeq())
}

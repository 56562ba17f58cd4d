package lsm

import (
	"errors"
	"math"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/manifest"
	"lsmlab/engines/vfs"
)

// flushLoop flushes immutable MemTables, oldest first, until the store closes or
// fails. The order matters: FlushedSeq of the manifest says that every LSN up to it is in
// tables. A flush for which the system has no room is tried again later.
func (db *DB) flushLoop() {
	for {
		m := db.awaitImmutable()
		if m == nil {
			return
		}
		err := db.flush(m)
		switch {
		case err == nil:
			db.keepReserve()
		case errors.Is(err, kv.ErrExhausted):
			db.runOut(err, &db.shortage.flushes)
		case errors.Is(err, kv.ErrClosed):
			return
		default:
			db.stopWrites(err)
			return
		}
	}
}

// awaitImmutable returns the oldest immutable MemTable, or nil when there is no
// more work to do.
func (db *DB) awaitImmutable() *memHandle {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.work.flushing = false
	db.work.progress.Broadcast()
	db.scheduleLocked()
	for db.stopped() == nil {
		if mems := db.state.Load().mems; len(mems) > 1 && db.shortage.flushes == nil && !(db.serial() && db.work.plans.Any()) {
			db.work.flushing = true
			return mems[len(mems)-1]
		}
		db.work.flushable.Wait()
	}
	return nil
}

// flush writes the versions of an immutable MemTable that somebody may still read to L0.
// The MemTable stays until install replaces the read state that lists it. The segments of
// the WAL are given up only after install, when the manifest durably names the tables: at
// every moment a crash finds each write in the log or in a table.
func (db *DB) flush(m *memHandle) error {
	out := db.newOutput(0, m.lastSeq(), math.MaxInt64, func([]byte) bool { return false })
	out.cuts = db.state.Load().layout.Cuts()
	if ranges := m.ranges.set.Load(); ranges != nil {
		out.retain.ranges, out.retain.rangesUpTo = ranges, m.lastSeq()
	}
	it := m.table.NewIterator()
	tables, err := out.write(it, nil, nil)
	if err = joinClose(err, it); err != nil {
		return vfs.MarkExhausted(errors.Join(err, db.discardTables(tables)))
	}
	edit := &manifest.Edit{
		FlushedSeq: m.lastSeq(),
		Past:       db.pastOf(m.before, m.lastSeq(), out.retain.floor),
		Ranges:     m.rangesUpTo(m.lastSeq()),
	}
	for _, t := range tables {
		edit.Added = append(edit.Added, manifest.LevelTable{Level: 0, Table: t.Table})
		db.counters.flushBytes.Add(t.Size)
	}
	db.counters.flushes.Add(1) // before the edit, which a Flush waits for
	if err = db.install(edit, tables, m); err != nil {
		return db.notInstalled(err, tables)
	}
	err = db.wal.Obsolete(m.lastSeq())
	db.dropPool()
	if vfs.Exhausted(err) {
		return nil // a file is left behind, which the next open removes
	}
	return err
}

// Flush implements [kv.Flusher]. It waits, as writes do, while L0 is too high.
func (db *DB) Flush() error {
	db.writes.mu.Lock()
	err := db.stopped()
	if err == nil && !db.writes.mem.empty() {
		if err = db.awaitFlushes(); err == nil {
			err = db.freeze()
		}
	}
	db.writes.mu.Unlock()
	if err != nil {
		return err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	target := db.state.Load()
	if target == nil {
		return kv.ErrClosed
	}
	goal := target.active().before // after the freeze all earlier LSNs are in older MemTables
	db.kickLocked()
	for db.stopped() == nil && db.state.Load().version.FlushedSeq < goal {
		if db.shortage.flushes != nil {
			return db.shortage.flushes
		}
		db.work.progress.Wait()
	}
	return db.stopped()
}

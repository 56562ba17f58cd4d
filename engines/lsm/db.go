package lsm

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"
	"sync/atomic"

	"lsmlab/engines/internal/interval"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/compaction"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
	"lsmlab/engines/lsm/sstable"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/vfs"
)

// DB is an open store. It implements [kv.Engine], [kv.Flusher], [kv.Compacter],
// [kv.Metricer], [kv.Verifier], [kv.LSNApplier], [kv.LSNReporter],
// [kv.WriteChecker], [kv.Syncer], [kv.Settler] and [kv.Tracer] and is safe for concurrent use.
type DB struct {
	dir     string
	opts    Options
	lock    io.Closer
	cache   *sstable.Cache
	planner compaction.Planner
	wal     *wal.Writer

	commitMu  sync.Mutex
	assigned  ikey.Seq   // last LSN given out
	tickets   uint64     // writes that were given LSNs
	mem       *memHandle // the active MemTable; changed under mu too
	userBytes atomic.Int64

	published publisher
	weak      atomic.Uint64 // with DurableReads: last LSN acknowledged below Synced
	throttle  throttle
	syncer    *interval.Syncer // or nil

	editMu       sync.Mutex
	manifest     *manifest.Log
	manifestBase int64 // bytes of the manifest when it was begun
	// manifestBytes are those of the manifest now; read without editMu.
	manifestBytes atomic.Int64

	nextFile atomic.Uint64

	state atomic.Pointer[readState] // set under mu; nil once closed

	mu        sync.Mutex
	changed   sync.Cond // state, failure, closing, running or paused changed
	plans     compaction.Running
	paused    bool             // no automatic compaction
	obsolete  []*table         // whose files are to be removed
	flushing  bool             // the flusher works
	removing  bool             // the remover works
	running   int              // compactions queued or running, manual ones too
	snapshots map[ikey.Seq]int // open snapshots by LSN
	closing   atomic.Bool
	failed    atomic.Pointer[error]

	compactMu  sync.Mutex // one manual compaction at a time; taken before all else
	pool       *compaction.Pool
	stop       chan struct{}
	background sync.WaitGroup // flusher, remover, ticker and syncer

	// obsoleteBytes are those of tables that no version names and whose files are
	// still there: a reader holds them, or their removal is to come.
	obsoleteBytes atomic.Int64

	// shadowed says that tables hold versions, or tombstones, kept for snapshots.
	shadowed atomic.Bool
	counters counters
	shortage shortage
	reserve  reserve
}

// Close stops background work, syncs the WAL and releases the store. MemTables
// are not flushed: the WAL holds them. It returns the error that stopped
// writes, if one did. Snapshots and iterators that are still open give
// [kv.ErrClosed] from now on but must be closed to release their memory.
func (db *DB) Close() error {
	if !db.closing.CompareAndSwap(false, true) {
		return kv.ErrClosed
	}
	db.broadcast()
	db.awaitWriters()
	close(db.stop)
	db.background.Wait()
	db.pool.Close()

	db.mu.Lock()
	for db.running > 0 { // a manual compaction
		db.changed.Wait()
	}
	old := db.swapState(nil)
	db.mu.Unlock()
	old.retire()
	db.removeObsolete() // of compactions that ended last
	err := db.failure()
	if werr := db.wal.Close(); err == nil {
		err = werr
	}
	return errors.Join(err, db.manifest.Close(), db.lock.Close())
}

// awaitWriters returns when all writes are in WAL and MemTable; closing keeps new
// ones out. Closing the WAL brings those that wait for a rung there.
func (db *DB) awaitWriters() {
	db.commitMu.Lock() // whoever saw closing false has left assign
	last := db.assigned
	db.commitMu.Unlock()
	db.published.wait(last)
}

// stopWrites makes err the reason why no more writes are taken, unless there is
// one already. Reads go on.
func (db *DB) stopWrites(err error) {
	err = fmt.Errorf("lsm: writes stopped: %w", err)
	db.failed.CompareAndSwap(nil, &err)
	db.broadcast()
}

// fail is stopWrites for the caller who has to report why writes stop.
func (db *DB) fail(err error) error {
	db.stopWrites(err)
	return db.failure()
}

// failure returns why writes were stopped, or nil.
func (db *DB) failure() error {
	if err := db.failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (db *DB) broadcast() {
	db.mu.Lock()
	db.changed.Broadcast()
	db.mu.Unlock()
}

// swapState replaces the read state and returns the old one, which the caller
// must retire after it has let go of mu, under which this is called.
func (db *DB) swapState(next *readState) *readState {
	if next != nil {
		db.throttle.set(next.pressure, db.opts.L0SlowdownTrigger, db.opts.L0StopTrigger)
	}
	db.changed.Broadcast()
	return db.state.Swap(next)
}

// install makes edit durable and then visible: added tables come, those that
// the edit removes go, and flushed, if given, is no longer read. On an error
// nothing is changed in memory, but the edit may be on disk: no file may be
// removed on its account, and no further edit is made. If it wraps kv.ErrExhausted the
// edit is not on disk.
func (db *DB) install(edit *manifest.Edit, added []*table, flushed *memHandle) (err error) {
	db.editMu.Lock()
	defer db.editMu.Unlock()
	if err := db.failure(); err != nil {
		return err
	}
	defer func() {
		if err != nil && !errors.Is(err, kv.ErrExhausted) {
			db.stopWrites(err)
		}
	}()
	edit.NextFileID = db.nextFile.Load()
	current := db.state.Load() // only editMu's holder changes its tables
	version, err := current.version.Apply(edit)
	if err != nil {
		return err
	}
	if err := db.manifest.Append(edit); err != nil {
		return err
	}
	if db.manifest.Size() > max(db.opts.ManifestRollSize, 4*db.manifestBase) {
		if err := db.rollManifest(version); err != nil {
			return err
		}
	}
	db.manifestBytes.Store(db.manifest.Size())
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
				t.db.obsoleteBytes.Add(t.Size)
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
	old := db.manifest
	if err := db.beginManifest(version); err != nil {
		if errors.Is(err, kv.ErrExhausted) {
			return nil // the old one goes on; the next edit tries again
		}
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
	base.NextFileID = db.nextFile.Load()
	log, err := manifest.Create(db.opts.FS, db.dir, num, &base)
	if err != nil {
		return err
	}
	db.manifest, db.manifestBase = log, log.Size()
	db.manifestBytes.Store(db.manifestBase)
	return nil
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
		db.obsolete = append(db.obsolete, t)
		db.changed.Broadcast()
		db.mu.Unlock()
	}
}

// cleaning says whether files of obsolete tables are still there.
func (db *DB) cleaning() bool { return db.removing || len(db.obsolete) > 0 }

// removeLoop removes the files of obsolete tables until the store closes.
func (db *DB) removeLoop() {
	for {
		db.mu.Lock()
		for (len(db.obsolete) == 0 || db.shortage.merges != nil) && !db.closing.Load() {
			db.changed.Wait()
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
	tables := db.obsolete
	db.obsolete, db.removing = nil, len(tables) > 0
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
		db.obsoleteBytes.Add(-t.Size)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.obsolete = append(left, db.obsolete...)
	db.removing = false
	if len(left) == 0 && db.shortage.full.Load() {
		db.kickLocked() // there is more room now
	}
	db.changed.Broadcast()
	db.scheduleLocked()
	return len(tables) > len(left)
}

// newFileID returns a number for a new file.
func (db *DB) newFileID() uint64 { return db.nextFile.Add(1) - 1 }

// Flush implements [kv.Flusher]. It waits, as writes do, while L0 is too high.
func (db *DB) Flush() error {
	db.commitMu.Lock()
	err := db.stopped()
	if err == nil && !db.mem.empty() {
		if err = db.awaitFlushes(); err == nil {
			err = db.freeze()
		}
	}
	db.commitMu.Unlock()
	if err != nil {
		return err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	target := db.state.Load()
	if target == nil {
		return kv.ErrClosed
	}
	goal := target.active().before
	db.kickLocked()
	for db.stopped() == nil && db.state.Load().version.FlushedSeq < goal {
		if db.shortage.flushes != nil {
			return db.shortage.flushes
		}
		db.changed.Wait()
	}
	return db.stopped()
}

// resting says whether no background work is done, or can be.
func (db *DB) resting() bool {
	return !db.flushing && !db.removing && db.running == 0 && (len(db.obsolete) == 0 || db.shortage.merges != nil)
}

// Settle implements [kv.Settler].
func (db *DB) Settle() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.kickLocked()
	for db.stopped() == nil {
		if s := &db.shortage; db.resting() && (len(db.state.Load().mems) == 1 || s.flushes != nil) {
			return cmp.Or(s.flushes, s.merges)
		}
		db.changed.Wait()
	}
	return db.stopped()
}

func joinClose(err error, c io.Closer) error { return errors.Join(err, c.Close()) }

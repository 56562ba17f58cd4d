package lsm

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/sstable"
	"lsmlab/engines/lsm/wal"
)

// DB is an open store. It implements [kv.Engine], [kv.Flusher], [kv.Compacter],
// [kv.Metricer], [kv.Verifier], [kv.LSNApplier], [kv.LSNReporter],
// [kv.WriteChecker], [kv.Syncer], [kv.Settler], [kv.Tracer], [kv.Transactor],
// [kv.Historian], [kv.ReverseScanner] and [kv.Checkpointer] and is safe for concurrent use.
type DB struct {
	// Each call looks at these, and they change seldom or never: nothing that changes
	// often stands beside them.

	dir     string
	opts    Options
	lock    io.Closer
	cache   *sstable.Cache
	wal     *wal.Writer
	state   atomic.Pointer[readState] // what reads see; set under mu, nil once closed
	closing atomic.Bool
	failed  atomic.Pointer[error] // why writes were stopped

	_         [64]byte
	writes    writePath // gives writes their order
	published publisher // makes them visible
	durable   durability
	throttle  throttle // slows writers down; apart from writes, which changes with each write
	pins      pins     // what readers of the past hold
	history   history

	mu    sync.Mutex // of what follows, where that says so
	edits editor
	work  scheduler
	trash trash

	checkpoints int // being made; under mu

	stop       chan struct{}  // closed by Close
	background sync.WaitGroup // flusher, remover, ticker and syncer

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
	db.work.pool.Close()

	db.mu.Lock()
	for db.work.running+db.checkpoints > 0 { // manual compactions, checkpoints
		db.work.progress.Wait()
	}
	db.mu.Unlock()
	db.savePast(0)
	db.mu.Lock()
	old := db.swapState(nil)
	db.mu.Unlock()
	old.retire()
	db.removeObsolete() // of compactions that ended last
	err := db.failure()
	if werr := db.wal.Close(); err == nil {
		err = werr
	}
	return errors.Join(err, db.edits.log.Close(), db.lock.Close())
}

// awaitWriters returns when all writes are in WAL and MemTable; closing keeps new
// ones out. Closing the WAL brings those that wait for a durability level there.
func (db *DB) awaitWriters() {
	db.writes.mu.Lock() // whoever saw closing false has left assign
	last := db.writes.assigned
	db.writes.mu.Unlock()
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
	db.wakeAll()
	db.mu.Unlock()
}

// swapState replaces the read state and returns the old one, which the caller
// must retire after it has let go of mu, under which this is called.
func (db *DB) swapState(next *readState) *readState {
	if next != nil {
		db.throttle.set(next.pressure, db.opts.L0SlowdownTrigger, db.opts.L0StopTrigger)
	}
	db.work.flushable.Broadcast()
	db.work.progress.Broadcast()
	return db.state.Swap(next)
}

func joinClose(err error, c io.Closer) error { return errors.Join(err, c.Close()) }

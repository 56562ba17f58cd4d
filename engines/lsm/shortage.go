package lsm

import (
	"errors"
	"sync/atomic"
	"time"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// shortage is what the store knows of the system being out of space, descriptors or
// memory. Whatever failed for want of one of those left files and memory as they were
// before it, so it may be tried again (vfs.Exhausted says what counts):
//
//   - A write that cannot be logged is refused, and so is one for which there is no
//     memory. The next write tries again, as one to bbolt does: there is nothing to be
//     reset. Deletes are tried also while sets are refused.
//   - A flush or a compaction that fails removes what it wrote, and waits: background
//     work is tried again by retryLoop, by a write that needs it, by Flush, Compact and
//     Settle. Writes go on until they would have to wait for it.
//   - When the disk is full the reserve (reserve.go) is given up, so that flushes,
//     compactions and deletes go on, and sets are refused until it could be made again.
//
// Reads go on in all of this. Only with DurableReads a snapshot is refused while the log
// holds refused writes that it could not write: they are visible, and not durable.
type shortage struct {
	writes atomic.Pointer[error] // why the last write was refused; nil: the next one need not ask
	// full says that the disk is, or was when the reserve was made last. It ends with
	// resume, so it is never set for long while writes is nil: see note.
	full atomic.Bool
	// Why flushes wait, and why compactions and the removal of files do; under DB.mu.
	flushes, merges error

	wake chan struct{} // tells retryLoop of a shortage; of size 1
}

// note notes that something was refused with err. full is set first: a resume that misses
// it finds another reason in writes than it began with.
func (s *shortage) note(err error) {
	if vfs.OutOfSpace(err) {
		s.full.Store(true)
	}
	s.writes.Store(&err)
	s.wakeRetry()
}

// largeBatch is from how many bytes on a batch asks for the memory that it will take:
// the reserve of the arenas is meant for those that are smaller.
const largeBatch = 1 << 20

// stopped returns why the store does nothing more than reads, for good, or nil.
func (db *DB) stopped() error {
	if db.closing.Load() {
		return kv.ErrClosed
	}
	return db.failure()
}

// Writable implements [kv.WriteChecker].
func (db *DB) Writable() error {
	if err := db.stopped(); err != nil {
		return err
	}
	if why := db.shortage.writes.Load(); why != nil {
		return *why
	}
	return nil
}

// admit says whether there is memory for b, and whether what it does is allowed now.
// It is called under the commit lock.
func (db *DB) admit(b *kv.Batch) error {
	err := arena.Refill()
	if size := len(b.Bytes()); err == nil && size >= largeBatch {
		err = db.askMemory(size)
	}
	if err == nil && db.shortage.writes.Load() != nil && sets(b) {
		err = db.resume()
	}
	if err != nil {
		db.refused(err)
	}
	return err
}

// sets says whether b does anything but delete.
func sets(b *kv.Batch) bool {
	ops := b.Ops()
	for ops.Next() {
		if ops.Kind == kv.OpSet {
			return true
		}
	}
	return false
}

// askMemory says whether there is memory for a MemTable, or for a batch of size bytes
// if that is not 0.
func (db *DB) askMemory(size int) error {
	err := vfs.AskMemory(db.opts.FS, db.dir, max(int64(size), db.opts.MemTableSize))
	if err == nil {
		err = arena.Refill()
	}
	if err == nil && size > 0 {
		err = arena.Probe(size)
	}
	return vfs.MarkExhausted(err)
}

// resume takes sets again if what was lacking is there. It is called under the commit
// lock.
func (db *DB) resume() error {
	why := db.shortage.writes.Load()
	if err := db.wal.Resume(); err != nil {
		return err
	}
	if db.shortage.full.Load() {
		if err := db.roomAtRest(); err != nil {
			return err
		}
		if err := db.makeReserve(); err != nil {
			return err
		}
		db.shortage.full.Store(false)
	}
	db.shortage.writes.CompareAndSwap(why, nil) // unless another write was refused meanwhile
	return nil
}

// refused notes that a call was refused with err, if that passes. It says whether the
// call should be tried again at once: the disk was full, and the reserve has been given
// up.
func (db *DB) refused(err error) (again bool) {
	if !errors.Is(err, kv.ErrExhausted) {
		return false
	}
	db.shortage.note(err) // its own method: &err taken here would put err on the heap at each call
	if !vfs.OutOfSpace(err) {
		return false
	}
	again = db.giveUpReserve()
	db.dropPool()
	db.broadcast() // whoever waits for what serial now forbids
	return again
}

// dropPool has the log keep no more than it needs while the disk is full.
func (db *DB) dropPool() {
	if db.shortage.full.Load() {
		_ = db.wal.DropPool() // a file is left behind, which the next open removes
	}
}

// refusal returns what a write that failed with err has to report, after refused. What
// does not pass stops all writes.
func (db *DB) refusal(err error) error {
	if errors.Is(err, kv.ErrExhausted) {
		db.refused(err)
		return err
	}
	return db.fail(err)
}

// runOut notes in why, which is of shortage, that background work failed with err, which
// passes. It is tried again at once if there was a reserve to give up, else later.
func (db *DB) runOut(err error, why *error) {
	if vfs.OutOfSpace(err) && db.refused(err) {
		return
	}
	db.mu.Lock()
	*why = err
	db.work.progress.Broadcast()
	db.scheduleLocked() // where a flush failed, a compaction may give room
	db.mu.Unlock()
	db.shortage.wakeRetry()
}

// kickLocked has background work tried again that waits. It is called under mu.
func (db *DB) kickLocked() {
	if s := &db.shortage; s.flushes != nil || s.merges != nil {
		s.flushes, s.merges = nil, nil
		db.wakeAll()
		db.scheduleLocked()
	}
}

func (s *shortage) wakeRetry() {
	select {
	case s.wake <- struct{}{}:
	default: // it is told already
	}
}

// slowestRetry is how many times RetryInterval passes between two tries at most.
const slowestRetry = 64

// retryLoop tries what waits again, less and less often, until the store closes.
func (db *DB) retryLoop() {
	for {
		select {
		case <-db.stop:
			return
		case <-db.shortage.wake:
		}
		for delay := db.opts.RetryInterval; db.short(); delay = min(2*delay, slowestRetry*db.opts.RetryInterval) {
			timer := time.NewTimer(delay)
			select {
			case <-db.stop:
				timer.Stop()
				return
			case <-timer.C:
				db.retry()
			}
		}
	}
}

// short says whether anything waits.
func (db *DB) short() bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.shortage.flushes != nil || db.shortage.merges != nil || db.shortage.writes.Load() != nil
}

func (db *DB) retry() {
	db.mu.Lock()
	db.kickLocked()
	db.mu.Unlock()
	if db.shortage.writes.Load() == nil {
		return
	}
	db.writes.mu.Lock()
	defer db.writes.mu.Unlock()
	if db.stopped() == nil && db.resume() != nil { // the next try, or write, meets the error again
		db.reclaim()
	}
}

// reclaim has the deletes flushed that a full disk was given meanwhile: once they are in
// tables, compactions give the room of what was deleted back. It is called under the
// commit lock.
func (db *DB) reclaim() {
	if db.shortage.full.Load() && !db.writes.mem.empty() && len(db.state.Load().mems) == 1 {
		_ = db.freeze() // as above
	}
}

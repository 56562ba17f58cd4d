package lsm

import (
	"time"

	"lsmlab/engines/vfs"
)

// tickLoop does every TickInterval what nothing else gives cause for, until the
// store closes.
func (db *DB) tickLoop() {
	ticker := time.NewTicker(db.opts.TickInterval)
	defer ticker.Stop()
	expire := time.NewTicker(db.opts.expireInterval())
	defer expire.Stop()
	var made int64
	for {
		select {
		case <-db.stop:
			return
		case <-ticker.C:
			made = db.tick(made)
		case <-expire.C:
			db.expire()
			db.savePast(saveApart)
		}
	}
}

// expireInterval is how long what may be given back waits at most, beside TickInterval: a
// quarter of the window.
func (o *Options) expireInterval() time.Duration {
	if o.Deterministic || o.GC.Reach() == 0 {
		return o.TickInterval
	}
	return min(max(o.GC.Window/4, 10*time.Millisecond), o.TickInterval)
}

// tick starts compactions that nothing else has started. If the log made no segment since
// the last tick, tick also removes the pool of segments, which only fast writers profit
// from. made is the number of segments made up to the last tick; tick returns the number
// made up to now.
func (db *DB) tick(made int64) int64 {
	db.mu.Lock()
	db.work.occasion.Tick()
	db.scheduleLocked()
	db.mu.Unlock()
	now := db.wal.Metrics().SegmentsMade
	if now == made {
		if err := db.wal.Shrink(); err != nil && !vfs.Exhausted(err) { // what is left, the next open removes
			db.stopWrites(err)
		}
	}
	return now
}

// giveBack waits until the files of obsolete tables are gone, and gives back what
// the log does not need. Tables that a reader holds go when he lets go of them.
func (db *DB) giveBack() error {
	db.mu.Lock()
	for db.cleaning() && db.stopped() == nil && db.shortage.merges == nil {
		db.work.progress.Wait()
	}
	flushed := db.state.Load().version.FlushedSeq
	db.mu.Unlock()
	if err := db.stopped(); err != nil {
		return err
	}
	// The flusher says the same, but perhaps later.
	err := db.wal.Obsolete(flushed)
	if err == nil {
		err = db.wal.Shrink()
	}
	if vfs.Exhausted(err) { // a file is left, which the next open removes
		return nil
	}
	return err
}

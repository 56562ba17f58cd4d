package lsm

import (
	"sync/atomic"

	"lsmlab/engines/internal/interval"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
)

// A write is published, so that its entries are found in MemTables, before the log
// is synced: the writers that come meanwhile share that sync. Without DurableReads
// reads see all that is published, and a crash may take back what they saw.
//
// With DurableReads a read sees the state as of the newest LSN that is durable:
//
//  1. What is durable is in the log up to its last sync, or in the tables of the
//     read's own state. Flushes and compactions only drop versions below newer
//     ones in tables of the state that they make, so all versions are there that
//     a read of that LSN needs.
//  2. A write at Synced is acknowledged after the log was synced, so whoever reads
//     then sees it. Such reads wait for nothing and cost a load more.
//  3. A write at a weaker level must be seen too once it is acknowledged: weak is
//     the last LSN of those. A read that finds it above the durable LSN syncs the
//     log, or shares a sync, before it goes on. If that fails the read fails.
//  4. A snapshot waits: compactions keep versions only for snapshots of LSNs that
//     were newest when they were taken, so it cannot be taken of an older one.
//
// Both LSNs only rise, and neither passes an acknowledged write, so reads are
// linearizable, also over a crash: recovery yields at least every durable LSN.

type durability struct {
	weak   atomic.Uint64    // with DurableReads: last LSN acknowledged below Synced
	syncer *interval.Syncer // with SyncInterval; else nil
}

// readSeq returns the LSN as of which a read of s reads.
func (db *DB) readSeq(s stateRef) (ikey.Seq, error) {
	visible := db.published.seq()
	if !db.opts.DurableReads {
		return visible, nil
	}
	return db.durableSeq(s.readState, visible)
}

func (db *DB) durableSeq(s *readState, visible ikey.Seq) (ikey.Seq, error) {
	// Looked at again after: what is visible may have grown with it.
	if weak := ikey.Seq(db.durable.weak.Load()); weak > db.durableLSN(s) {
		if err := db.awaitDurable(weak); err != nil {
			return 0, err
		}
		visible = db.published.seq()
	}
	return min(visible, db.durableLSN(s)), nil
}

// durableLSN returns the LSN up to which a power failure takes nothing.
func (db *DB) durableLSN(s *readState) ikey.Seq {
	return max(db.wal.Synced(), s.version.FlushedSeq)
}

// awaitDurable returns once everything up to seq, which is published, is durable.
func (db *DB) awaitDurable(seq ikey.Seq) error {
	if s := db.state.Load(); s != nil && seq <= db.durableLSN(s) {
		return nil
	}
	if err := db.wal.Commit(seq, kv.Synced); err != nil {
		return db.refusal(err)
	}
	return nil
}

// Sync implements [kv.Syncer].
func (db *DB) Sync() error {
	if err := db.stopped(); err != nil {
		return err
	}
	return db.awaitDurable(db.published.seq())
}

// syncLoop bounds by time what a power failure takes. A sync that fails has stopped
// writes.
func (db *DB) syncLoop() { _ = db.durable.syncer.Run(db.stop) }

// acknowledgeWeak notes that a write up to last is about to be acknowledged at a
// level below Synced.
func (db *DB) acknowledgeWeak(last ikey.Seq) {
	for {
		weak := db.durable.weak.Load()
		if weak >= uint64(last) || db.durable.weak.CompareAndSwap(weak, uint64(last)) {
			return
		}
	}
}

// LSN implements [kv.LSNReporter].
func (db *DB) LSN() uint64 {
	visible := db.published.seq()
	if s := db.state.Load(); db.opts.DurableReads && s != nil {
		visible = min(visible, max(db.durableLSN(s), ikey.Seq(db.durable.weak.Load())))
	}
	return uint64(visible)
}

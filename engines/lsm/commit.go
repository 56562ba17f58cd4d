package lsm

import (
	"fmt"
	"sync"
	"sync/atomic"

	"lsmlab/engines/internal/planted"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/wal"
)

// writePath is where writes get their order. The WAL and the publisher keep to it.
type writePath struct {
	mu       sync.Mutex // the commit lock, of what follows
	assigned ikey.Seq   // last LSN given out
	tickets  uint64     // writes that were given LSNs
	mem      *memHandle // the active MemTable; changed under DB.mu too
	recent   recent     // keys of the newest batches

	userBytes atomic.Int64 // of all batches; read without mu
}

// Apply implements [kv.Engine]. A write goes through four steps:
//
//  1. under the commit lock it takes its LSNs, its place in the WAL and the
//     active MemTable, so that all three have the same order;
//  2. it stores its record in the WAL and its entries in that MemTable, beside
//     other writers;
//  3. it waits until it is visible, as it is once all before it have come so far;
//  4. it waits until the WAL has reached the durability level asked for, sharing the system
//     calls of others.
//
// A write that fails after step 1 was not acknowledged and may or may not be found
// later. The failure stops all further writes, unless it is one of those that pass
// (kv.ErrExhausted, see shortage.go). A write that fails in step 1 is never found.
func (db *DB) Apply(b *kv.Batch, d kv.Durability) error {
	_, err := db.apply(b, d, nil, nil)
	return err
}

// ApplyLSN implements [kv.LSNApplier].
func (db *DB) ApplyLSN(b *kv.Batch, d kv.Durability) (uint64, error) {
	last, err := db.apply(b, d, nil, nil)
	return uint64(last), err
}

// apply returns the LSN of b's last write; 0 for an empty batch. With c nothing is applied
// unless c says that the transaction whose writes b are may commit.
func (db *DB) apply(b *kv.Batch, d kv.Durability, c *validation, t *kv.Trace) (ikey.Seq, error) {
	if err := b.Check(); err != nil {
		return 0, err
	}
	if err := db.gives(d); err != nil {
		return 0, err
	}
	if db.durable.syncer.Late() {
		d = kv.Synced
	}
	t.Step(stepAssign)
	w, err := db.assign(b, c)
	if err != nil || w.mem == nil {
		return 0, err
	}
	last := w.first + ikey.Seq(b.Len()) - 1
	// One that cannot be stored goes on: those after it wait for it, and find the WAL
	// broken.
	err = w.place.Store(b.Bytes())
	t.Step(stepMemTable)
	w.mem.add(w.first, b, db.opts.MemTableSize)
	db.published.publish(w.ticket, w.first, last)
	t.Step(stepPublish)
	db.published.wait(last)
	if err == nil {
		if err = db.commit(last, d, t); db.refused(err) { // the reserve is free now
			err = db.commit(last, d, t)
		}
	}
	w.place.Advance()
	if err != nil {
		return 0, db.refusal(err)
	}
	if db.opts.DurableReads && d < kv.Synced {
		db.acknowledgeWeak(last)
	}
	t.Step(stepThrottle)
	db.throttle.pay(len(b.Bytes()))
	return last, nil
}

// gives returns why the store cannot give durability level d, or nil.
func (db *DB) gives(d kv.Durability) error {
	if d > kv.Synced || !db.opts.WALSync.Supports(d) {
		return fmt.Errorf("%w: durability %v with WAL sync method %v", kv.ErrUnsupported, d, db.opts.WALSync)
	}
	return nil
}

// commit is step 4. A traced write takes the two levels one after the other, so
// that its wait for the sync is seen apart.
func (db *DB) commit(last ikey.Seq, d kv.Durability, t *kv.Trace) error {
	if t != nil {
		t.Step(stepWAL)
		if err := db.wal.Commit(last, min(d, kv.Buffered)); err != nil || d < kv.Synced {
			return err
		}
		t.Step(stepSync)
	}
	return db.wal.Commit(last, d)
}

// write is a batch's place among all.
type write struct {
	first  ikey.Seq
	ticket uint64     // of publisher
	mem    *memHandle // nil for an empty batch
	place  wal.Place  // in the WAL
}

// assign is step 1. Unless it returns an error or no table, the caller must publish
// the write.
func (db *DB) assign(b *kv.Batch, c *validation) (w write, err error) {
	db.lockCommit()
	defer db.writes.mu.Unlock()
	if err := db.makeRoom(b); err != nil || b.Len() == 0 {
		return w, err
	}
	if c != nil {
		if err := c.end(); err != nil {
			return w, err
		}
	}
	w = write{first: db.writes.assigned + 1, ticket: db.writes.tickets, mem: db.writes.mem}
	w.place, err = db.log(w.first, b, c)
	if db.refused(err) && !sets(b) { // the reserve is free now, for such as this
		w.place, err = db.log(w.first, b, c)
	}
	if err != nil {
		return write{}, db.refusal(err)
	}
	db.writes.tickets++
	db.writes.assigned += ikey.Seq(b.Len())
	db.writes.userBytes.Add(int64(len(b.Bytes())))
	db.writes.mem.last.Store(uint64(db.writes.assigned))
	db.writes.mem.assignedBytes += int64(len(b.Bytes()))
	if db.opts.GC.Reach() > 0 {
		db.noteBatch(db.writes.assigned)
	}
	if db.writes.recent.open.Load() > 0 {
		db.writes.recent.add(w.first, db.writes.assigned, b)
	}
	return w, nil
}

// commitSpins bounds how often a writer tries the commit lock before it sleeps. It is
// held for moments, and to sleep and be woken takes far longer; [sync.Mutex] alone
// sleeps early: 1436 -> 1112 ns a write (BenchmarkWriters/16, 16-core Xeon VM).
const commitSpins = 1000

// lockCommit takes the commit lock for a write.
func (db *DB) lockCommit() {
	for range commitSpins {
		if db.writes.mu.TryLock() {
			return
		}
	}
	db.writes.mu.Lock()
}

// log gives a batch its place in the WAL. With c it is a transaction's.
func (db *DB) log(first ikey.Seq, b *kv.Batch, c *validation) (wal.Place, error) {
	if planted.Is(planted.BatchSplit) || c != nil && planted.Is(planted.TxnTorn) {
		return wal.Place{}, db.logApart(first, b)
	}
	if planted.Is(planted.RangeUnlogged) && b.HasRangeDeletes() {
		return wal.Place{}, db.logWithoutRanges(first, b)
	}
	return db.wal.Reserve(first, b.Len(), b.Bytes())
}

// makeRoom returns once the active MemTable may take b: it freezes a full one, and
// waits while flushes or compactions are too far behind. It is called under the commit
// lock.
func (db *DB) makeRoom(b *kv.Batch) error {
	if err := db.stopped(); err != nil {
		return err
	}
	if err := db.admit(b); err != nil {
		return err
	}
	// Batches that were assigned and are not added yet count too: a few very
	// large ones at once would outgrow the table.
	if !db.writes.mem.full.Load() && db.writes.mem.assignedBytes < db.opts.MemTableSize || db.writes.mem.empty() {
		return nil
	}
	err := db.awaitFlushes()
	if err == nil && sets(b) {
		err = db.roomToFlush()
	}
	if err == nil {
		err = db.freeze()
	}
	if err != nil {
		db.refused(err)
	}
	return err
}

// freeze makes the active MemTable immutable and puts an empty one in its
// place, unless there is no memory for that. It is called under the commit lock.
func (db *DB) freeze() error {
	if err := db.askMemory(0); err != nil {
		return err
	}
	db.mu.Lock()
	db.writes.mem.advance(memActive, memImmutable)
	db.writes.mem = newMemHandle(db.opts, db.writes.assigned)
	s := db.state.Load()
	mems := append([]*memHandle{db.writes.mem}, s.mems...)
	old := db.swapState(newReadState(mems, s.tableSet))
	db.mu.Unlock()
	old.retire()
	return nil
}

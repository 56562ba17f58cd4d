package lsm

import (
	"cmp"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/compaction"
	"lsmlab/engines/lsm/ikey"
)

// scheduler decides when MemTables are flushed and tables merged. The flusher is one
// goroutine; compactions are jobs of the pool.
type scheduler struct {
	planner compaction.Planner
	pool    *compaction.Pool
	manual  sync.Mutex // one manual compaction at a time; taken before all other locks
	// dropped is the newest LSN in tables that were dropped, newest versions and all, as
	// FIFO does.
	dropped atomic.Uint64

	// Under DB.mu:

	occasion compaction.Occasion
	plans    compaction.Running
	running  int  // compactions queued or running, manual ones too
	paused   bool // no automatic compaction
	flushing bool // the flusher works

	flushable sync.Cond // wakes the flusher: a MemTable was frozen, or what kept it from its flush may be over
	progress  sync.Cond // wakes those who wait for work in the background: some of it ended, or cannot go on
}

// noteDropped notes that tables with LSNs up to newest are about to be dropped.
func (w *scheduler) noteDropped(newest ikey.Seq) {
	for {
		dropped := w.dropped.Load()
		if dropped >= uint64(newest) || w.dropped.CompareAndSwap(dropped, uint64(newest)) {
			return
		}
	}
}

// wakeAll wakes all that sleep on a change of DB.mu's state: the store ends, or it goes on
// in another way. It is called under mu.
func (db *DB) wakeAll() {
	db.work.flushable.Broadcast()
	db.trash.filled.Broadcast()
	db.work.progress.Broadcast()
}

// schedule submits the compactions that the planner finds most urgent, as many as
// run at once: another one may be so when the next of them ends.
func (db *DB) schedule() {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.scheduleLocked()
}

func (db *DB) scheduleLocked() {
	for !db.work.paused && db.stopped() == nil && db.shortage.merges == nil && db.work.running < db.parallel() {
		if db.serial() && (db.work.flushing || db.cleaning() || len(db.state.Load().mems) > 1 && db.shortage.flushes == nil) {
			return
		}
		s := db.state.Load()
		if !db.work.occasion.Now(s.pressure) {
			return
		}
		plan, ok := s.layout.Plan(&db.work.plans)
		if !ok {
			plan, ok = db.planRewrite(s.tableSet)
		}
		if !ok && db.work.running == 0 {
			db.work.occasion.Rest()
		}
		if !ok || !db.work.pool.Submit(func() { db.runPlan(&plan) }) {
			return
		}
		db.work.plans.Start(&plan)
		db.work.running++
	}
}

// planRewrite returns a plan to write a table again without the versions that it holds for
// readers which are closed or cut by now, or for what fell out of the window, or without
// those that range deletes hide. It is called under mu.
func (db *DB) planRewrite(s *tableSet) (plan compaction.Plan, ok bool) {
	if len(s.hidden) == 0 && len(s.covered) == 0 {
		return plan, false
	}
	floor := ikey.Seq(db.history.floor.Load())
	open := db.pins.list()
	for _, t := range s.hidden {
		if t.hidden.worth(open, floor, t.Entries) {
			if plan, ok = s.layout.Rewrite(t.Table, &db.work.plans); ok {
				return plan, true
			}
		}
	}
	for _, t := range s.covered {
		if t.seq <= floor && (len(open) == 0 || t.seq <= open[0]) {
			if plan, ok = s.layout.Rewrite(t.Table, &db.work.plans); ok {
				return plan, true
			}
		}
	}
	return plan, false
}

// serial says whether work in the background is done one thing after the other. On a
// full disk it is, so that each has all the room that is left.
func (db *DB) serial() bool { return db.opts.Deterministic || db.shortage.full.Load() }

// parallel returns how many compactions, or parts of one, run at once.
func (db *DB) parallel() int {
	if db.serial() {
		return 1
	}
	return min(runtime.GOMAXPROCS(0), db.opts.Workers)
}

// parts returns in how many parts a compaction is done beside those that run.
func (db *DB) parts() int {
	db.mu.Lock()
	defer db.mu.Unlock()
	return max(1, db.parallel()/max(1, db.work.running))
}

// runPlan is the job of a worker.
func (db *DB) runPlan(plan *compaction.Plan) {
	err := db.stopped()
	if err == nil {
		err = db.compact(plan)
	}
	switch {
	case errors.Is(err, kv.ErrExhausted):
		db.runOut(err, &db.shortage.merges)
	case err != nil && !errors.Is(err, kv.ErrClosed):
		db.stopWrites(err)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.work.plans.End(plan)
	db.work.running--
	db.work.flushable.Broadcast()
	db.work.progress.Broadcast()
	db.scheduleLocked() // under the same lock: Settle sees no moment of rest between
}

// giveWay waits, in a merge, while as many MemTables wait for their flush as may:
// writers stop when the active one is full, and the flush needs the processor.
func (db *DB) giveWay() {
	behind := func() bool { return len(db.state.Load().mems)-1 >= db.opts.MaxImmutable }
	if !behind() {
		return
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	for db.stopped() == nil && db.shortage.flushes == nil && !db.serial() && behind() {
		db.work.progress.Wait()
	}
}

// pauseCompactions waits for the running compactions and keeps new ones from
// starting until resumeCompactions. The caller counts as one that runs, so that
// Close waits for it.
func (db *DB) pauseCompactions() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	for db.serial() && !db.resting() && db.stopped() == nil {
		db.work.progress.Wait() // what is due goes first, every time
	}
	db.work.paused = true
	for db.work.running > 0 {
		db.work.progress.Wait()
	}
	if err := db.stopped(); err != nil {
		db.work.paused = false
		return err
	}
	db.work.running++
	return nil
}

func (db *DB) resumeCompactions() {
	db.mu.Lock()
	db.work.paused = false
	db.work.running--
	db.work.progress.Broadcast()
	db.mu.Unlock()
	db.schedule()
}

// resting says whether no background work is done, or can be.
func (db *DB) resting() bool {
	return !db.work.flushing && !db.trash.removing && db.work.running == 0 && (len(db.trash.tables) == 0 || db.shortage.merges != nil)
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
		db.work.progress.Wait()
	}
	return db.stopped()
}

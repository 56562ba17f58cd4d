package lsm

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"lsmlab/engines/internal/planted"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/gc"
	"lsmlab/engines/lsm/ikey"
)

// history is what the store knows of its past. With a policy that keeps nothing (package gc)
// only the newest state can be read. What of it outlives the store's opening is in past.go.
//
// Readers of the past are cut where the policy says so: their pins go, and they are told so
// from then on (pin.lost).
//
// A flush or compaction raises floor, and lists the pins then. SnapshotAt pins its LSN,
// and looks at floor then. So either the list has the pin, or SnapshotAt sees the floor
// and refuses: no view is given whose versions may be gone.
type history struct {
	floor atomic.Uint64    // states at older LSNs may lack versions
	asked atomic.Uint64    // the policy asks no more when older LSNs were written
	clock func() time.Time // no jump of the system's clock reaches it

	mu    sync.Mutex // of what follows; a flush takes it while a writer that waits for it has the commit lock
	ends  batchEnds
	times gc.Timeline
}

// marksInWindow is how many marks of a timeline a window has room for, if they are not
// less than a millisecond apart: 2 MiB. A policy that cuts readers by age keeps those of
// as many windows as the age has.
const marksInWindow = 1 << 16

// noteBatch notes that a batch got its LSNs, of which last is the last. It is called under the
// commit lock.
func (db *DB) noteBatch(last ikey.Seq) {
	h := &db.history
	now := h.clock()
	h.mu.Lock()
	h.ends.mark(last, ikey.Seq(h.floor.Load()))
	h.times.Note(now, last, ikey.Seq(h.asked.Load()))
	h.mu.Unlock()
}

// at returns the LSN that was given out last at a time, or a little before; ok false if
// that is not known.
func (h *history) at(t time.Time) (seq ikey.Seq, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.times.At(t)
}

// raiseFloor returns the floor for a flush or compaction of versions up to newest, after
// it has been made known.
func (db *DB) raiseFloor(newest ikey.Seq) ikey.Seq {
	floor := db.opts.GC.Floor(newest, db.now(newest), db.seqAt)
	raise(&db.history.floor, floor)
	if db.opts.GC.PinAge == 0 {
		raise(&db.history.asked, floor)
	}
	return max(floor, min(newest, ikey.Seq(db.history.floor.Load())))
}

// cutReaders cuts those for whom the policy keeps nothing any more, as a flush or
// compaction of versions up to newest is about to begin.
func (db *DB) cutReaders(newest ikey.Seq) {
	s := db.state.Load()
	if !db.opts.GC.Limits() || s == nil {
		return
	}
	cut := db.opts.GC.Cut(db.now(newest), db.seqAt, s.held(db.pins.list()))
	if cut > 0 {
		db.pins.cutBelow(cut)
		raise(&db.history.asked, cut)
	}
}

// expire cuts readers, and has the versions given back that tables hold for them, or for
// what fell out of the window.
func (db *DB) expire() {
	newest := db.published.seq()
	db.raiseFloor(newest)
	db.cutReaders(newest)
	db.schedule()
}

// now returns the time, when newest is the newest LSN. If the store is deterministic it
// does not go by the clock: an LSN takes a microsecond.
func (db *DB) now(newest ikey.Seq) time.Time {
	if db.opts.Deterministic {
		return time.UnixMicro(int64(newest))
	}
	return db.history.clock()
}

// seqAt is history.at in the time of now.
func (db *DB) seqAt(t time.Time) (ikey.Seq, bool) {
	if db.opts.Deterministic {
		return ikey.Seq(max(0, t.UnixMicro())), true
	}
	return db.history.at(t)
}

// raise makes an LSN at least seq.
func raise(lsn *atomic.Uint64, seq ikey.Seq) {
	for {
		old := lsn.Load()
		if uint64(seq) <= old || lsn.CompareAndSwap(old, uint64(seq)) {
			return
		}
	}
}

// SnapshotAt implements [kv.Historian]. The past goes as far back as Options.GC says, also
// beyond the opening of the store, if it was opened with such an option before.
func (db *DB) SnapshotAt(lsn uint64) (kv.Snapshot, error) {
	if db.closing.Load() {
		return nil, kv.ErrClosed
	}
	if planted.Is(planted.PastNewest) {
		return db.Snapshot()
	}
	visible := db.published.seq()
	if ikey.Seq(lsn) > visible {
		return nil, fmt.Errorf("%w: LSN %d, the newest is %d", kv.ErrNotFound, lsn, visible)
	}
	seq, known := ikey.Seq(lsn), ikey.Seq(lsn) == visible
	if db.opts.GC.Keeps() {
		db.history.mu.Lock()
		seq, known = db.history.ends.last(seq)
		db.history.mu.Unlock()
	}
	if !known {
		return nil, db.tooOld(lsn)
	}
	s := &snapshot{db: db}
	db.pins.addAt(&s.pin, seq)
	err := error(nil)
	if seq < ikey.Seq(db.history.floor.Load()) {
		err = db.tooOld(lsn)
	} else if db.opts.DurableReads {
		err = db.awaitDurable(seq)
	}
	if err != nil {
		_ = s.Close() // which cannot fail: it was never closed
		return nil, err
	}
	return s, nil
}

func (db *DB) tooOld(lsn uint64) error {
	return fmt.Errorf("%w: LSN %d, the oldest is %d", kv.ErrSnapshotTooOld, lsn, db.history.floor.Load())
}

// SnapshotAtTime implements [kv.Historian]. It returns the state after the last write up
// to t. Within a stretch of writes without a pause it may be one that is a little older: by
// a millisecond, or by 1/65536 of a long window.
func (db *DB) SnapshotAtTime(t time.Time) (kv.Snapshot, error) {
	if db.closing.Load() {
		return nil, kv.ErrClosed
	}
	visible := db.published.seq()
	if !db.opts.GC.Keeps() && !t.Before(db.history.clock()) {
		return db.Snapshot()
	}
	seq, ok := db.history.at(t)
	if !ok {
		return nil, fmt.Errorf("%w: nothing is known of %v", kv.ErrSnapshotTooOld, t)
	}
	return db.SnapshotAt(uint64(min(seq, visible)))
}

package lsm

import (
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/gc"
	"lsmlab/engines/lsm/ikey"
)

// history is what the store knows of its past since it was opened. With a policy that
// keeps nothing (package gc) only the newest state can be read.
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
	ends  batchEnds        // under the commit lock
	clock func() time.Time // no jump of the system's clock reaches it

	mu    sync.Mutex // of times
	times gc.Timeline
}

// marksInWindow is how many marks of a timeline a window has room for, if they are not
// less than a millisecond apart: 2 MiB. A policy that cuts readers by age keeps those of
// as many windows as the age has.
const marksInWindow = 1 << 16

// initHistory begins the history at the newest LSN of the store.
func (db *DB) initHistory(newest ikey.Seq) {
	h := &db.history
	h.floor.Store(uint64(newest))
	start := time.Now()
	h.clock = func() time.Time { return start.Add(time.Since(start)).Round(0) }
	h.times.Apart = max(db.opts.GC.Window/marksInWindow, time.Millisecond)
	h.note(newest)
}

// note notes that a batch got its LSNs, of which last is the last. It is called under the
// commit lock.
func (h *history) note(last ikey.Seq) {
	h.ends.mark(last, ikey.Seq(h.floor.Load()))
	h.mu.Lock()
	h.times.Note(h.clock(), last, ikey.Seq(h.asked.Load()))
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

// SnapshotAt implements [kv.Historian]. The past goes back to the opening of the store at
// most, and as far as Options.GC says.
func (db *DB) SnapshotAt(lsn uint64) (kv.Snapshot, error) {
	if db.closing.Load() {
		return nil, kv.ErrClosed
	}
	visible := db.published.seq()
	if ikey.Seq(lsn) > visible {
		return nil, fmt.Errorf("%w: LSN %d, the newest is %d", kv.ErrNotFound, lsn, visible)
	}
	seq, known := ikey.Seq(lsn), ikey.Seq(lsn) == visible
	if db.opts.GC.Keeps() {
		db.writes.mu.Lock()
		seq, known = db.history.ends.last(seq)
		db.writes.mu.Unlock()
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

// batchEnds knows which LSNs are the last of a batch: a bit for each LSN from base on.
type batchEnds struct {
	base ikey.Seq // a multiple of 64
	bits []uint64
}

// mark notes that seq, the newest LSN, ends a batch, and forgets what is below floor.
func (e *batchEnds) mark(seq, floor ikey.Seq) {
	if len(e.bits) == 0 {
		e.base = seq &^ 63
	}
	// Half of it at once, so that an LSN is not moved again and again.
	if gone := int(max(floor, e.base)-e.base) / 64; gone > len(e.bits)/2 && gone > 64 {
		e.bits = append(e.bits[:0], e.bits[min(gone, len(e.bits)):]...)
		e.base += ikey.Seq(64 * gone)
	}
	for int(seq-e.base)/64 >= len(e.bits) {
		e.bits = append(e.bits, 0)
	}
	e.bits[(seq-e.base)/64] |= 1 << (seq % 64)
}

// last returns the newest end that is not above seq, and whether it is known.
func (e *batchEnds) last(seq ikey.Seq) (ikey.Seq, bool) {
	if seq < e.base {
		return 0, false
	}
	for at := min(int(seq-e.base)/64, len(e.bits)-1); at >= 0; at-- {
		word := e.bits[at]
		if first := e.base + ikey.Seq(64*at); seq-first < 63 {
			word &= 2<<(seq-first) - 1
		}
		if word != 0 {
			return e.base + ikey.Seq(64*at+bits.Len64(word)-1), true
		}
	}
	return 0, false
}

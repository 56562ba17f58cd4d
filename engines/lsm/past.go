package lsm

import (
	"errors"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
)

// The past outlives a crash because the manifest says, in the same edit as the first table
// that lacks versions, which states may lack some: its floor. So a store that is opened again
// gives all states from the floor on, and none below.
//
//  1. Versions are in tables and in the log, as all others are.
//  2. The floor of a flush or compaction is in the edit that adds its tables. No table
//     counts without that edit.
//  3. Tables do not say where a batch ends, so a flush adds the ends of its batches. The
//     log has its own.
//  4. What was written when is in the marks of each edit, in those that savePast makes while
//     no other comes, and in the one of Close. A crash takes the marks since, not the
//     states: SnapshotAtTime gives an older one then, of at most saveApart, or a quarter of
//     the window, before.
//  5. LSNs that a crash took are given out again, so marks above the newest LSN go when the
//     store is opened, before anything is written.
//
// The clock never runs backwards over an opening either: it begins at the last mark if the
// system's clock is behind that. If the system's clock jumps ahead between two openings, the
// window passes as if the store had been closed for that long.

// saveApart is how far edits for marks alone are apart at least: each is a sync.
const saveApart = time.Second

// initHistory begins the history of a store whose newest LSN is newest, with what the manifest
// says of earlier openings.
func (db *DB) initHistory(p *manifest.Past, newest ikey.Seq) {
	h := &db.history
	h.floor.Store(uint64(newest))
	if db.opts.GC.Keeps() {
		h.floor.Store(uint64(p.Floor))
	}
	h.times.Apart = max(db.opts.GC.Window/marksInWindow, time.Millisecond)
	start := time.Now()
	first := start.Round(0)
	for _, m := range p.Marks {
		at := time.Unix(0, m.At)
		h.times.Note(at, m.Seq, 0)
		if at.After(first) {
			first = at
		}
	}
	h.clock = func() time.Time { return first.Add(time.Since(start)) }
	db.noteBatch(newest)
}

// pastOf returns what an edit says of the past that adds tables of the LSNs (before, last],
// with all versions above floor.
func (db *DB) pastOf(before, last, floor ikey.Seq) manifest.Past {
	p := manifest.Past{Floor: floor}
	if db.opts.GC.Keeps() && floor < last {
		db.history.mu.Lock()
		ends := db.history.ends.copyOf(max(before, floor), last)
		db.history.mu.Unlock()
		p.Ends = ends.stored()
	}
	return p
}

// unsavedMarks returns the marks that saved lacks.
func (db *DB) unsavedMarks(saved *manifest.Past) (marks []manifest.Mark) {
	if !db.opts.GC.Keeps() {
		return nil
	}
	last := lastMark(saved)
	db.history.mu.Lock()
	defer db.history.mu.Unlock()
	for at, seq := range db.history.times.Since(last.Seq) {
		m := manifest.MarkAt(at, seq)
		m.At = max(m.At, last.At) // a deterministic store may have been opened before
		marks, last = append(marks, m), m
	}
	if n := len(marks); n > 0 && db.opts.Deterministic { // which LSNs have marks goes by the clock
		last := marks[n-1].Seq
		return []manifest.Mark{manifest.MarkAt(db.now(last), last)}
	}
	return marks
}

func lastMark(p *manifest.Past) (last manifest.Mark) {
	if n := len(p.Marks); n > 0 {
		last = p.Marks[n-1]
	}
	return last
}

// savePast makes marks durable, if there are any that are not and the last ones are that
// far back. A failure that stops writes has done so.
func (db *DB) savePast(apart time.Duration) {
	s := db.state.Load()
	if s == nil || !db.opts.GC.Keeps() || db.failure() != nil {
		return
	}
	marks := db.unsavedMarks(&s.version.Past)
	if len(marks) == 0 || db.history.clock().UnixNano()-lastMark(&s.version.Past).At < int64(apart) {
		return
	}
	edit := &manifest.Edit{Past: manifest.Past{Floor: ikey.Seq(db.history.floor.Load())}}
	if err := db.install(edit, nil, nil); err != nil && !errors.Is(err, kv.ErrExhausted) {
		db.stopWrites(err)
	}
}

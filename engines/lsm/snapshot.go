package lsm

import (
	"maps"
	"slices"
	"sync/atomic"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
)

// Snapshot implements [kv.Engine]. It holds no tables: it only keeps flushes
// and compactions from dropping the versions that it sees.
func (db *DB) Snapshot() (kv.Snapshot, error) {
	s, err := db.newSnapshot()
	if err == nil && db.opts.DurableReads {
		if err = db.awaitDurable(s.seq); err != nil {
			_ = s.Close() // which cannot fail: it was never closed
		}
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (db *DB) newSnapshot() (*snapshot, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closing.Load() {
		return nil, kv.ErrClosed
	}
	// Read under mu: a compaction that took its list of snapshots before sees
	// only LSNs that were visible by then, so not newer than this one.
	seq := db.published.seq()
	db.snapshots[seq]++
	return &snapshot{db: db, seq: seq}, nil
}

// openSnapshots returns the LSNs of the open snapshots, rising.
func (db *DB) openSnapshots() []ikey.Seq {
	db.mu.Lock()
	defer db.mu.Unlock()
	return slices.Sorted(maps.Keys(db.snapshots))
}

type snapshot struct {
	db     *DB
	seq    ikey.Seq
	closed atomic.Bool
}

func (s *snapshot) Get(dst, key []byte) ([]byte, error) {
	state, ok := s.acquire()
	if !ok {
		return dst, kv.ErrClosed
	}
	defer state.release()
	return s.db.get(state, dst, key, s.seq, nil)
}

func (s *snapshot) Scan(lower, upper []byte) kv.Iterator {
	state, ok := s.acquire()
	if !ok {
		return failedIterator{kv.ErrClosed}
	}
	return s.db.newIterator(state, s.seq, lower, upper)
}

func (s *snapshot) acquire() (stateRef, bool) {
	state, ok := s.db.acquire()
	if ok && s.closed.Load() { // looked at last: a state taken before holds what s sees
		state.release()
		return stateRef{}, false
	}
	return state, ok
}

func (s *snapshot) Close() error {
	if !s.closed.CompareAndSwap(false, true) {
		return kv.ErrClosed
	}
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	if s.db.snapshots[s.seq]--; s.db.snapshots[s.seq] == 0 {
		delete(s.db.snapshots, s.seq)
	}
	return nil
}

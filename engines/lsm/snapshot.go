package lsm

import (
	"sync/atomic"

	"lsmlab/engines/kv"
)

// Snapshot implements [kv.Engine]. It holds no tables: it only keeps flushes
// and compactions from dropping the versions that it sees.
func (db *DB) Snapshot() (kv.Snapshot, error) {
	s, err := db.newSnapshot()
	if err == nil && db.opts.DurableReads {
		if err = db.awaitDurable(s.pin.seq); err != nil {
			_ = s.Close() // which cannot fail: it was never closed
		}
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (db *DB) newSnapshot() (*snapshot, error) {
	if db.closing.Load() {
		return nil, kv.ErrClosed
	}
	s := &snapshot{db: db}
	db.pins.add(&s.pin, &db.published)
	return s, nil
}

type snapshot struct {
	db     *DB
	pin    pin
	closed atomic.Bool
}

func (s *snapshot) Get(dst, key []byte) ([]byte, error) {
	state, err := s.acquire()
	if err != nil {
		return dst, err
	}
	defer state.release()
	return s.db.get(state, dst, key, s.pin.seq, nil)
}

func (s *snapshot) Scan(lower, upper []byte) kv.Iterator {
	state, err := s.acquire()
	if err != nil {
		return failedIterator{err}
	}
	return s.db.newIterator(state, s.pin.seq, &s.pin, lower, upper)
}

func (s *snapshot) acquire() (stateRef, error) {
	state, ok := s.db.acquire()
	if !ok {
		return state, kv.ErrClosed
	}
	err := s.pin.lost() // looked at last, as closed is: a state taken before holds what s sees
	if s.closed.Load() {
		err = kv.ErrClosed
	}
	if err != nil {
		state.release()
	}
	return state, err
}

func (s *snapshot) Close() error {
	if !s.closed.CompareAndSwap(false, true) {
		return kv.ErrClosed
	}
	s.db.unpin(&s.pin)
	return nil
}

// unpin lets go of the versions that p held, and has those given back that tables hold
// for it.
func (db *DB) unpin(p *pin) {
	db.pins.remove(p)
	if s := db.state.Load(); s != nil && s.heldBy(p.seq) {
		db.schedule()
	}
}

package wal

import (
	"errors"
	"fmt"

	"lsmlab/engines/lsm/ikey"
)

// DropPool removes the segments that wait to be recycled, except one. It is for a full
// disk: the one that stays takes deletes. An error means that a file was left behind,
// which the next recovery removes.
func (w *Writer) DropPool() error {
	w.mu.Lock()
	if len(w.pool) < 2 || w.closed {
		w.mu.Unlock()
		return nil
	}
	leave := w.pool[1:]
	w.pool = w.pool[:1:1]
	err := w.retire(leave)
	w.mu.Unlock()
	return errors.Join(err, w.remove(leave))
}

// Obsolete says that tables durably hold every LSN up to flushed: a synced manifest
// says so, and no record up to flushed is still to be stored. Segments without a later
// LSN go to the pool. They are removed if the pool is full or if they have another
// size. An error means that a file was left behind, which the next recovery removes, or
// a mapping.
func (w *Writer) Obsolete(flushed ikey.Seq) error {
	w.mu.Lock()
	w.flushed = max(w.flushed, flushed)
	var (
		leave []*segment
		err   error
	)
	for len(w.live) > 0 && w.live[0].last <= flushed && !w.closed {
		s := w.live[0]
		w.live = w.live[1:]
		err = errors.Join(err, s.unmap())
		if s.size <= w.o.SegmentSize && int64(len(w.pool)+1)*w.o.SegmentSize <= w.o.PoolSize {
			w.pool = append(w.pool, s)
		} else {
			leave = append(leave, s)
		}
	}
	err = errors.Join(err, w.retire(leave))
	w.mu.Unlock()
	return errors.Join(err, w.remove(leave))
}

// retire closes segments that are not needed, as soon as no sync uses them.
func (w *Writer) retire(leave []*segment) (err error) {
	w.m.Removed += int64(len(leave))
	if w.syncing { // the sync may use these files
		w.retired = append(w.retired, leave...)
		return nil
	}
	for _, s := range leave {
		if e := s.close(); e != nil {
			err = errors.Join(err, fmt.Errorf("wal: %w", e))
		}
	}
	return err
}

// remove removes the files of retired segments.
func (w *Writer) remove(leave []*segment) (err error) {
	for _, s := range leave {
		if e := w.o.FS.Remove(w.o.path(s.name)); e != nil {
			err = errors.Join(err, fmt.Errorf("wal: %w", e))
		}
	}
	return err
}

package wal

import (
	"errors"
	"fmt"
)

// Shrink gives back to the disk what only a running writer needs: the pool, and
// the current segment if tables durably hold all of it (see [Writer.Obsolete]). The
// next Append makes a new one. An error means that a file was left behind, which
// the next recovery removes.
func (w *Writer) Shrink() error {
	w.mu.Lock()
	leave := w.takeUnneeded()
	err := w.retire(leave)
	w.mu.Unlock()
	return errors.Join(err, w.remove(leave))
}

// takeUnneeded takes the pool out of the log, and the current segment if it holds
// nothing that tables do not. A broken log stays as it is: it says what happened.
// w.mu is held on entry and on return, not while it waits.
func (w *Writer) takeUnneeded() []*segment {
	var unwritten error
	for w.err == nil && unwritten == nil && !w.closed && w.cur != nil && len(w.live) == 0 && w.appended <= w.flushed {
		switch {
		case w.writing:
			w.written.Wait()
		case w.syncing:
			w.settled.Wait()
		case len(w.pending) > 0: // of writes that asked for no level
			unwritten = w.writeOut()
		default:
			w.dropCurrent()
		}
	}
	if w.err != nil || w.closed {
		return nil
	}
	leave := w.pool
	w.pool = nil
	return leave
}

// dropCurrent makes the current segment a part of the pool. Its records are in
// durable tables, which is more than Synced asks of the log.
func (w *Writer) dropCurrent() {
	w.pool = append(w.pool, w.cur)
	w.cur, w.clean = nil, true // a log without segments needs no end mark
	w.stored(w.appended)
	w.setSynced(w.appended)
	w.settled.Broadcast()
}

// trim cuts the current segment off after its end mark, when the log is closed: the
// rest of it holds nothing. If a power cut loses that, nothing is lost.
func (w *Writer) trim() error {
	s := w.cur
	if s == nil || w.err != nil {
		return nil
	}
	err := s.unmap() // a file must not shrink under its mapping
	if err == nil {
		err = s.file.Truncate(s.end)
	}
	if err != nil {
		return fmt.Errorf("wal: cut off the rest of %s: %w", s.name, err)
	}
	return nil
}

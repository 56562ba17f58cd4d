package wal

import (
	"errors"
	"fmt"
)

// Shrink gives back to the disk what only a running writer needs: the pool, and the
// current segment if tables durably hold all of it (see [Writer.Obsolete]). The next
// Append makes a new segment. An error means that a file was left behind, which the
// next recovery removes.
func (w *Writer) Shrink() error {
	w.mu.Lock()
	leave := w.takeUnneeded()
	err := w.retire(leave)
	w.mu.Unlock()
	return errors.Join(err, w.remove(leave))
}

// takeUnneeded removes from the log, and returns, the segments of the pool, and the
// current segment if tables hold all of it. It leaves a broken log as it is, as
// evidence. w.mu is held on entry and on return, but not while it waits.
func (w *Writer) takeUnneeded() []*segment {
	var unwritten error
	for w.err == nil && unwritten == nil && !w.closed && w.cur != nil && len(w.live) == 0 && w.appended <= w.flushed {
		switch {
		case w.writing:
			w.written.Wait()
		case w.syncing:
			w.syncEnded.Wait()
		case len(w.pending) > 0: // of writes at Volatile
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

// dropCurrent moves the current segment to the pool. Durable tables hold its records,
// which is more than Synced demands of the log.
func (w *Writer) dropCurrent() {
	w.pool = append(w.pool, w.cur)
	w.cur, w.clean = nil, true // a log without segments needs no end mark
	w.stored(w.appended)
	w.setSynced(w.appended)
	w.syncEnded.Broadcast()
}

// trim cuts the current segment off after its end mark, when the log is closed: the
// rest of the file holds nothing. It is no loss if a power cut undoes this.
func (w *Writer) trim() error {
	s := w.cur
	if s == nil || w.err != nil {
		return nil
	}
	err := s.unmap() // a file must not become shorter under its mapping
	if err == nil {
		err = s.file.Truncate(s.end)
	}
	if err != nil {
		return fmt.Errorf("wal: cut off the rest of %s: %w", s.name, err)
	}
	return nil
}

package wal

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"runtime"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// Commit returns when every record up to LSN last, which was appended, has
// reached rung d: at once for Volatile; for Buffered when the operating system
// has it; for Synced when it is durable. All of them were stored, where places were
// reserved. Those who call it together share writes and syncs. With NoSync, Synced
// is refused with kv.ErrUnsupported.
func (w *Writer) Commit(last ikey.Seq, d kv.Durability) error {
	if !w.o.Sync.Supports(d) {
		return fmt.Errorf("wal: durability %s with sync method %s: %w", d, w.o.Sync, kv.ErrUnsupported)
	}
	if d <= kv.Buffered && last < ikey.Seq(w.reached.Load()) {
		return nil
	}
	w.mu.Lock()
	err := w.commit(last, d)
	w.mu.Unlock()
	return err
}

func (w *Writer) commit(last ikey.Seq, d kv.Durability) error {
	if last > w.appended {
		return fmt.Errorf("wal: commit of LSN %d, of which %d is the last appended", last, w.appended)
	}
	w.stored(last)
	switch d {
	case kv.Volatile:
		return w.err
	case kv.Buffered:
		return w.write(last)
	}
	w.m.SyncCommits++
	w.asked = true
	return w.sync(last)
}

// stored notes that all up to last was stored: with Mapped the operating system
// has it so.
func (w *Writer) stored(last ikey.Seq) {
	if w.o.Write == Mapped {
		w.handed = max(w.handed, last)
	}
}

// write returns when the operating system has all up to last. w.mu is held on
// entry and on return, not meanwhile; so for the next three.
func (w *Writer) write(last ikey.Seq) error {
	for w.err == nil && w.handed < last {
		if w.writing {
			w.written.Wait()
		} else if err := w.writeOut(); err != nil {
			return err
		}
	}
	return w.err
}

// writeOut is the leader's part of write: one positioned write of all that is
// pending, while others fill the other buffer. Nobody else is writing.
func (w *Writer) writeOut() error {
	s, buf, upTo := w.cur, w.pending, w.appended
	at := s.end - int64(len(buf))
	w.pending, w.spare = w.spare, nil
	w.writing = true
	ahead := w.asked && len(buf) < fillStep/2 // for a larger write metadata is little
	w.mu.Unlock()
	n, err := s.file.WriteAt(buf, at)
	if err == nil && ahead {
		var filled int
		filled, err = s.fillAhead(at + int64(n))
		n += filled
	}
	w.mu.Lock()
	w.writing = false
	if err != nil {
		return w.notWritten(buf, err)
	}
	if cap(buf) <= keptBuffer {
		w.spare = buf[:0]
	}
	w.stuck = false
	w.hand(upTo)
	w.m.Writes++
	w.m.Bytes += int64(n)
	w.written.Broadcast()
	return nil
}

// notWritten says what becomes of the log when buf could not be written. If only
// something was lacking, what was appended meanwhile comes behind buf, and the next
// write has the same bytes at the same place first. With ODSync the error may be one
// of the sync.
func (w *Writer) notWritten(buf []byte, err error) error {
	if !vfs.Exhausted(err) || w.o.Sync == ODSync {
		return w.fail(err)
	}
	later := w.pending
	w.pending = append(buf, later...)
	w.spare = later[:0]
	w.stuck = true
	w.written.Broadcast() // whoever waits has his own try
	return fmt.Errorf("wal: records not written: %w", vfs.MarkExhausted(err))
}

// hand notes that a write gave the operating system all up to last.
func (w *Writer) hand(last ikey.Seq) {
	w.handed = last
	if w.state() == nil { // it may have broken while the lock was free
		w.reached.Store(uint64(last) + 1)
	}
}

// sync returns when all up to last is durable.
func (w *Writer) sync(last ikey.Seq) error {
	for w.err == nil && w.synced < last {
		if w.syncing {
			w.settled.Wait()
		} else if err := w.syncOut(); err != nil && w.synced < last {
			return err
		}
	}
	return w.err
}

// syncOut is the leader's part of sync: it makes all that has been appended, and
// stored, durable, in every segment. Nobody else is syncing. Where a part of that could
// not be written for want of something, it makes the rest durable, which may be all
// that was acknowledged, and returns why.
func (w *Writer) syncOut() error {
	w.syncing = true
	if w.lastGroup > 1 {
		// Those whom the last sync set free are about to append again: let them
		// join this one. With 32 goroutines that makes 29 records a sync instead
		// of 16 (BenchmarkSynced, ext4, 2 cores).
		w.mu.Unlock()
		runtime.Gosched()
		w.mu.Lock()
	}
	upTo := w.appended
	if w.o.Write == Mapped {
		upTo = w.handed // more may not be stored yet
	}
	err := w.write(upTo)
	if err == nil || errors.Is(err, kv.ErrExhausted) && w.handed > w.synced {
		err = cmp.Or(w.settle(), err)
	}
	w.syncing = false
	for _, s := range w.retired {
		_ = s.close() // holds nothing that is needed
	}
	w.retired = w.retired[:0]
	if err != nil && !errors.Is(err, kv.ErrExhausted) {
		return w.fail(err)
	}
	w.settled.Broadcast() // with an error too: whoever waits has his own try
	return err
}

// settle syncs all that was handed over by now.
func (w *Writer) settle() error {
	upTo, dir := w.handed, w.dirDirty
	group := w.m.Records - w.m.syncedRecords
	w.dirDirty = false
	w.dirty = w.dirty[:0]
	for _, s := range w.live {
		if !s.synced {
			w.dirty = append(w.dirty, s)
		}
	}
	sealed := w.dirty
	if w.cur != nil {
		w.dirty = append(w.dirty, w.cur)
	}
	w.mu.Unlock()
	err := w.syncFiles(dir)
	w.mu.Lock()
	if vfs.Exhausted(err) { // no descriptor for the directory: files are synced, entries are to be
		w.dirDirty = true
		return vfs.MarkExhausted(err)
	}
	if err != nil {
		return err
	}
	for _, s := range sealed {
		s.synced = s.last <= upTo // else a record of it may have been stored since
	}
	w.setSynced(upTo)
	w.lastGroup = group
	w.m.syncedRecords += group
	w.m.Syncs++
	w.m.SyncGroups[min(bits.Len64(uint64(group)), len(w.m.SyncGroups)-1)]++
	return nil
}

func (w *Writer) setSynced(last ikey.Seq) {
	w.synced = last
	w.durable.Store(uint64(last))
}

// Synced returns the LSN up to which the log is durable: a commit at Synced that
// has returned is covered.
func (w *Writer) Synced() ikey.Seq { return ikey.Seq(w.durable.Load()) }

func (w *Writer) syncFiles(dir bool) error {
	for _, s := range w.dirty {
		if err := s.sync(w.o.Sync); err != nil {
			return err
		}
	}
	if dir {
		return w.o.FS.SyncDir(w.o.Dir)
	}
	return nil
}

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

// Commit returns when every record up to LSN last has reached durability level d. At
// Volatile it returns at once; at Buffered, when the operating system has the records;
// at Synced, when they are durable. All these records must have been appended, and
// stored if their places were reserved. Concurrent calls share writes and syncs. With
// NoSync, a commit at Synced is refused with kv.ErrUnsupported.
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

// commit is Commit under w.mu.
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

// stored records that everything up to last was stored. With Mapped, this means that
// the operating system has it.
func (w *Writer) stored(last ikey.Seq) {
	if w.o.Write == Mapped {
		w.handed = max(w.handed, last)
	}
}

// write returns when the operating system has everything up to last. w.mu is held on
// entry and on return, but not in between. The same holds for writeOut, sync, syncOut
// and syncHanded.
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

// writeOut is what the leader does in write: one positioned write of the whole buffer,
// while others fill the other buffer. No other goroutine may be writing.
func (w *Writer) writeOut() error {
	s, buf, upTo := w.cur, w.pending, w.appended
	at := s.end - int64(len(buf))
	w.pending, w.spare = w.spare, nil
	w.writing = true
	ahead := w.asked && len(buf) < fillStep/2 // a larger write outweighs its metadata
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

// notWritten handles the failure to write buf. If the system was only out of something,
// the records that were appended meanwhile go behind buf, so that the next write has
// the same bytes at the same place first. With ODSync the error may be one of the sync,
// which is final.
func (w *Writer) notWritten(buf []byte, err error) error {
	if !vfs.Exhausted(err) || w.o.Sync == ODSync {
		return w.fail(err)
	}
	later := w.pending
	w.pending = append(buf, later...)
	w.spare = later[:0]
	w.stuck = true
	w.written.Broadcast() // every waiting goroutine tries on its own
	return fmt.Errorf("wal: records not written: %w", vfs.MarkExhausted(err))
}

// hand records that a write gave the operating system everything up to last.
func (w *Writer) hand(last ikey.Seq) {
	w.handed = last
	if w.state() == nil { // the log may have broken while w.mu was not held
		w.reached.Store(uint64(last) + 1)
	}
}

// sync returns when everything up to last is durable.
func (w *Writer) sync(last ikey.Seq) error {
	for w.err == nil && w.synced < last {
		if w.syncing {
			w.syncEnded.Wait()
		} else if err := w.syncOut(); err != nil && w.synced < last {
			return err
		}
	}
	return w.err
}

// syncOut is what the leader does in sync: it makes everything that was appended and
// stored durable, in every segment. No other goroutine may be syncing. If a part could
// not be written because the system was out of something, it makes the rest durable,
// which may be all that was acknowledged, and returns that error.
func (w *Writer) syncOut() error {
	w.syncing = true
	if w.lastGroup > 1 {
		// The goroutines that the last sync released are about to append again. Yielding
		// lets their records join this sync. With 32 goroutines, a sync then covers 29
		// records instead of 16 (BenchmarkSynced, ext4, 2 cores).
		w.mu.Unlock()
		runtime.Gosched()
		w.mu.Lock()
	}
	upTo := w.appended
	if w.o.Write == Mapped {
		upTo = w.handed // later records may not be stored yet
	}
	err := w.write(upTo)
	if err == nil || errors.Is(err, kv.ErrExhausted) && w.handed > w.synced {
		err = cmp.Or(w.syncHanded(), err)
	}
	w.syncing = false
	for _, s := range w.retired {
		_ = s.close() // the segment holds nothing that is needed
	}
	w.retired = w.retired[:0]
	if err != nil && !errors.Is(err, kv.ErrExhausted) {
		return w.fail(err)
	}
	w.syncEnded.Broadcast() // also after an error: every waiting goroutine tries on its own
	return err
}

// syncHanded syncs everything that has been handed over by now.
func (w *Writer) syncHanded() error {
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
	if vfs.Exhausted(err) { // no descriptor for the directory: the files are synced, the entries not yet
		w.dirDirty = true
		return vfs.MarkExhausted(err)
	}
	if err != nil {
		return err
	}
	for _, s := range sealed {
		s.synced = s.last <= upTo // a later record may have been stored since
	}
	w.setSynced(upTo)
	w.lastGroup = group
	w.m.syncedRecords += group
	w.m.Syncs++
	w.m.SyncGroups[min(bits.Len64(uint64(group)), len(w.m.SyncGroups)-1)]++
	return nil
}

// setSynced records that everything up to last is durable.
func (w *Writer) setSynced(last ikey.Seq) {
	w.synced = last
	w.durable.Store(uint64(last))
}

// Synced returns the LSN up to which the log is durable. It covers every Commit at
// Synced that has returned.
func (w *Writer) Synced() ikey.Seq { return ikey.Seq(w.durable.Load()) }

// syncFiles syncs the files of w.dirty in order, then the directory if dir is set.
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

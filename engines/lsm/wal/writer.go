package wal

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// Sizes of the buffer, in bytes. Records wait in the buffer until a Commit asks for
// them or until the buffer holds fullBuffer bytes. A buffer that a large record made
// larger than keptBuffer is not used again.
const (
	fullBuffer = 256 << 10
	keptBuffer = 1 << 20
)

// Writer appends to a log. Append and Reserve must be called by one goroutine at a
// time. All other methods are safe for concurrent use. See "Writing" in the package
// comment for the invariants.
//
// The first error of a write or of a sync breaks the log for good, because the state of
// the disk is not known after it: after an fsync that failed, the kernel may have
// marked the lost pages as clean, so that a second fsync would succeed without writing
// them. Every later call returns the first error.
//
// An error that wraps kv.ErrExhausted does not break the log. Its state is known, and
// each later call tries again what failed. See "Running out" in the package comment.
type Writer struct {
	o Options

	// mu guards all fields below except durable and reached, which are read without it.
	// It is taken before segment.viewMu. It is not held during a write or a sync; the
	// fields writing and syncing keep other goroutines from that work meanwhile.
	mu        sync.Mutex
	written   sync.Cond // signals a change of handed, writing or err
	syncEnded sync.Cond // signals a change of synced, syncing or err
	err       error     // sticky
	closed    bool
	writing   bool  // a goroutine writes a buffer to the file, or opens a segment
	syncing   bool  // a goroutine syncs
	dirDirty  bool  // a segment was created or renamed since the last SyncDir
	clean     bool  // the log on disk needs no end mark
	asked     bool  // some Commit asked for Synced
	stuck     bool  // the last write of the buffer failed because the system was out of something
	lastGroup int64 // records covered by the last sync

	// appended >= handed >= synced. They are the last LSN that was appended, that the
	// operating system is known to have, and that is durable together with all before
	// it.
	appended, handed, synced ikey.Seq
	flushed                  ikey.Seq      // the argument of the last Obsolete
	durable                  atomic.Uint64 // a copy of synced, read without mu
	// reached is handed + 1, read without mu. With Mapped it is above every LSN,
	// because what was stored is handed over. It is 0 once the log is broken or closed.
	reached atomic.Uint64

	pending []byte     // the buffer: records after handed, all of segment cur
	spare   []byte     // the other buffer, or nil while it is being written
	cur     *segment   // nil before the first Append
	live    []*segment // earlier segments that hold needed records, oldest first
	dirty   []*segment // the files of the current sync; reused
	pool    []*segment // segments to be recycled, oldest first
	retired []*segment // to be closed when the current sync, which may use them, has ended
	next    uint64     // number of the next segment

	m Metrics
}

// NewWriter continues the log that [Recover] read. The Options must be the same, except
// for the Epoch. NewWriter keeps the segments of r until [Writer.Obsolete] releases
// them. It writes to a new segment, which the first Append makes.
func NewWriter(o Options, r Recovered) (*Writer, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Epoch == 0 {
		return nil, fmt.Errorf("wal: option Epoch is 0, want 1 at least")
	}
	if c := r.chain; c != nil {
		if err := c.repair(); err != nil {
			return nil, fmt.Errorf("wal: repair: %w", err)
		}
		r = c.info
	}
	w := &Writer{
		o: o, next: max(r.next, o.Epoch<<epochBits+1), clean: r.Clean || len(r.Segments) == 0,
		appended: r.LastSeq, handed: r.LastSeq, synced: r.LastSeq,
	}
	w.durable.Store(uint64(r.LastSeq))
	w.written.L, w.syncEnded.L = &w.mu, &w.mu
	if o.Write == Mapped {
		w.reached.Store(math.MaxUint64)
	}
	for _, s := range r.Segments {
		w.live = append(w.live, &segment{
			layout: newLayout(o.Secret, s.number), name: s.Name, size: s.Size, last: s.Last, filled: s.Size, synced: true,
		})
	}
	return w, nil
}

// Append adds a record: count operations with the LSNs first, first+1 and so on,
// encoded in ops, which is copied. first must be the LSN after the last one appended.
// Append does not wait for a sync. A record that does not fit in the current segment
// waits until a new one is made. [Writer.Commit] says when the record has reached a
// durability level.
func (w *Writer) Append(first ikey.Seq, count int, ops []byte) error {
	p, err := w.Reserve(first, count, ops)
	if err != nil {
		return err
	}
	if err := p.Store(ops); err != nil {
		return err
	}
	p.Advance()
	return nil
}

// Reserve is the first part of Append, the one that must run in LSN order. The record
// is in the log when [Place.Store] has returned, which may run concurrently with other
// writers. With [Mapped], Store copies the record. Otherwise Reserve has already
// encoded it into the buffer, which all writers share, and Store does nothing.
func (w *Writer) Reserve(first ikey.Seq, count int, ops []byte) (Place, error) {
	w.mu.Lock()
	p, err := w.append(first, count, ops)
	w.mu.Unlock()
	return p, err
}

// append is Reserve under w.mu.
func (w *Writer) append(first ikey.Seq, count int, ops []byte) (p Place, err error) {
	if err := w.state(); err != nil {
		return p, err
	}
	if first != w.appended+1 || count < 1 || count > len(ops) || len(ops) > kv.MaxBatchSize {
		return p, fmt.Errorf("wal: append of %d operations in %d bytes at LSN %d: want 1 to %d in at most %d bytes at LSN %d",
			count, len(ops), first, len(ops), kv.MaxBatchSize, w.appended+1)
	}
	if err := w.unstick(); err != nil {
		return p, err
	}
	if p, err = w.put(first, count, ops); err != nil {
		return p, err
	}
	w.m.Records++
	w.appended = first + ikey.Seq(count) - 1
	w.cur.last = w.appended
	w.clean = false
	if len(w.pending) >= fullBuffer {
		if err = w.write(w.appended); errors.Is(err, kv.ErrExhausted) {
			err = nil // the record has its place; its Commit tries the write again
		}
	}
	return p, err
}

// Resume tries again what an earlier call could not write, if there is such a write. It
// returns the error of this try.
func (w *Writer) Resume() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.state(); err != nil {
		return err
	}
	return w.unstick()
}

// unstick repeats the last write if it failed, so that the buffer does not grow while
// nothing can be written.
func (w *Writer) unstick() error {
	if !w.stuck {
		return nil
	}
	return w.write(w.appended)
}

// put gives a record its place in the current segment, or encodes it into the buffer of
// the segment. Records leave room for an end mark.
func (w *Writer) put(first ikey.Seq, count int, ops []byte) (p Place, err error) {
	size := int64(recordSize + len(ops))
	room := size
	if count > 0 {
		room += markSize
	}
	if w.cur == nil || w.cur.full || w.cur.end+room > w.cur.size {
		if err := w.rotate(room); err != nil {
			return p, err
		}
	}
	durable, at := w.claim(first), w.cur.end
	w.cur.end += size
	if w.cur.view == nil {
		w.cur.putRecord(w.extend(int(size)), at, first, count, durable, ops)
		return p, nil
	}
	w.m.Bytes += size
	return w.place(size, first, count, durable), nil
}

// claim returns what a record that begins with LSN first may say about durability:
// every LSN up to the result is synced in the log or durable in tables.
func (w *Writer) claim(first ikey.Seq) ikey.Seq {
	return min(max(w.synced, w.flushed), first-1)
}

// extend makes the buffer n bytes longer and returns these bytes.
func (w *Writer) extend(n int) []byte {
	old := len(w.pending)
	if need := old + n; need <= cap(w.pending) {
		w.pending = w.pending[:need]
	} else {
		grown := make([]byte, need, max(need, 2*cap(w.pending), 4<<10))
		copy(grown, w.pending)
		w.pending = grown
	}
	return w.pending[old:]
}

// drain hands over everything that was appended, so that the buffer is empty. w.mu is
// held on entry and on return, but not in between. No other goroutine may append.
func (w *Writer) drain() error {
	for w.writing || w.handed < w.appended || len(w.pending) > 0 {
		if err := w.state(); err != nil {
			return err
		}
		if w.writing {
			w.written.Wait()
		} else if err := w.writeOut(); err != nil {
			return err
		}
	}
	return w.state()
}

// rotate makes a new current segment, with room for a record of the given size. It
// first hands over the buffer, so that the buffer holds bytes of one segment only
// (invariant 2).
func (w *Writer) rotate(room int64) error {
	if w.o.Write == Positioned {
		if err := w.drain(); err != nil {
			return err
		}
	}
	size, number := max(w.o.SegmentSize, headerSize+room), w.next
	if number>>epochBits != w.o.Epoch {
		return w.fail(fmt.Errorf("all %d segment numbers of epoch %d were used", uint64(1<<epochBits), w.o.Epoch))
	}
	var old *segment
	if size == w.o.SegmentSize && len(w.pool) > 0 {
		old, w.pool = w.pool[0], w.pool[1:]
		w.m.Recycled++
	}
	h := header{after: w.appended, durable: w.claim(w.appended + 1)}
	w.next++
	w.writing = true // keeps all other goroutines from the buffer
	sealed := w.cur
	w.mu.Unlock()
	if sealed != nil {
		sealed.advise(sealed.left, sealed.end, 0)
	}
	s, err := w.o.openSegment(number, h, size, old)
	w.mu.Lock()
	w.writing = false
	w.written.Broadcast()
	if err != nil {
		return w.notOpened(old, err)
	}
	w.begin(s, h)
	return nil
}

// begin makes s the current segment. If s is mapped, its header is written already;
// otherwise the header is the first thing in the buffer.
func (w *Writer) begin(s *segment, h header) {
	if w.cur != nil {
		w.live = append(w.live, w.cur)
	}
	w.cur, w.dirDirty = s, true
	w.m.SegmentsMade++
	if s.end, s.last = headerSize, w.appended; s.view == nil {
		s.putHeader(w.extend(headerSize), h)
		return
	}
	w.m.Bytes += headerSize
}

// notOpened handles the failure to make a segment, from the file of old if old is not
// nil. If the system was only out of something, the log stays as it was.
func (w *Writer) notOpened(old *segment, err error) error {
	if w.cur != nil && errors.Is(err, errHeader) {
		w.cur.full = true
	}
	switch {
	case !vfs.Exhausted(err) && old != nil:
		return w.fail(errors.Join(err, old.close()))
	case !vfs.Exhausted(err):
		return w.fail(err)
	case old != nil:
		w.m.Recycled--
		w.pool = append([]*segment{old}, w.pool...)
	}
	return fmt.Errorf("wal: no new segment: %w", vfs.MarkExhausted(err))
}

// Close hands over and syncs everything that was appended. Then it writes an end mark,
// if there is room for one, so that damage which is found later is known not to be a
// torn tail. It gives back what the log does not need, as [Writer.Shrink] does. If that
// fails, a file is left behind, which the next recovery removes.
//
// With NoSync, Close does not sync and writes no mark. Close must not run concurrently
// with Append, and every Place must have been stored. A second Close, and every later
// Append, returns kv.ErrClosed; Commit says whether the durability level was reached.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return w.state()
	}
	unneeded := w.takeUnneeded()
	err := w.finish()
	if err == nil {
		err = w.trim()
	}
	w.closed = true
	w.reached.Store(0)
	for w.writing || w.syncing {
		if w.writing {
			w.written.Wait()
		} else {
			w.syncEnded.Wait()
		}
	}
	w.written.Broadcast()
	w.syncEnded.Broadcast()
	files := w.live
	if w.cur != nil {
		files = append(files, w.cur)
	}
	for _, s := range files {
		err = errors.Join(err, s.close())
	}
	unneeded = append(unneeded, w.pool...) // of a broken log, or added since
	w.pool = nil
	return errors.Join(err, w.retire(unneeded), w.remove(unneeded))
}

// finish makes everything durable and writes the end mark. If there is no room for the
// mark, the log stays as a kill would leave it.
func (w *Writer) finish() error {
	w.stored(w.appended)
	if err := w.drain(); err != nil || w.o.Sync == NoSync || w.clean {
		return err
	}
	if err := w.sync(w.appended); err != nil {
		return err
	}
	if err := w.mark(); !errors.Is(err, kv.ErrExhausted) {
		return err
	}
	return nil
}

// mark writes the end mark and syncs it.
func (w *Writer) mark() error {
	mark, err := w.put(w.appended+1, 0, nil)
	if err != nil {
		return err
	}
	if err := w.fail(mark.write(nil)); err != nil {
		return err
	}
	if err := w.drain(); err != nil {
		return err
	}
	return w.syncOut()
}

// state returns why the log takes no more calls, or nil.
func (w *Writer) state() error {
	if w.err != nil {
		return w.err
	}
	if w.closed {
		return fmt.Errorf("wal: %w", kv.ErrClosed)
	}
	return nil
}

// fail breaks the log, unless err is nil.
func (w *Writer) fail(err error) error {
	if err == nil {
		return nil
	}
	if w.err == nil {
		w.err = fmt.Errorf("wal: log broken, reopen the store to recover: %w", err)
	}
	w.reached.Store(0)
	w.written.Broadcast()
	w.syncEnded.Broadcast()
	return w.err
}

package wal

import (
	"runtime/debug"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// largeRecord is the size, in bytes, from which a record is written to the file of a
// mapped segment instead of being stored to the mapping. From this size on, one system
// call costs less than a page fault for each page of the record: a batch of 1000
// entries of 116 bytes takes 73 us instead of 142 us (2-core Xeon VM, ext4). In small
// segments the limit is lower, so that tests with such segments cover both ways.
const largeRecord = 16 << 10

// forgetBytes is how many bytes of a mapping lie behind the last record before their
// pages are dropped from the memory of the process.
const forgetBytes = 1 << 20

// readyBytes is how far ahead of the records the pages of a mapping are allocated, and
// how many bytes are allocated in one step. Without this, a page is allocated by the
// first store to it, and concurrent writers wait in the kernel until that is done. It
// reduces page faults from 24 to 2 per thousand writes, and their share of the
// processor time from between a fifth and a third to an eighth (BenchmarkWriters/2
// under perf stat, ext4, 2-core Xeon VM).
const readyBytes = 32 << 10

// Place is where a record belongs whose turn in the log was reserved. Its owner, any one
// goroutine, must call Store exactly once and then Advance.
//
// Invariants of a mapped log:
//
//  1. Reserve gives out places under mu, so their offsets rise with their LSNs, and no
//     two places overlap. Therefore Store needs no lock: nobody else writes these bytes.
//  2. Places are stored in any order and concurrently. So "handed over" is known only
//     from outside: Commit(last) may be called when all records up to last were stored.
//  3. A segment stays mapped until every place in it was stored, because Obsolete must
//     not be called before that.
//  4. Forget and Populate change which pages are in memory, never their content. So
//     Advance may come late, early for its neighbours, or not at all.
type Place struct {
	w       *Writer
	segment *segment // nil if the record was already encoded into the buffer
	large   bool     // written to the file, not to the mapping
	at      int64    // offset in the segment
	size    int64
	first   ikey.Seq
	count   int
	durable ikey.Seq // the claim of the record: see Writer.claim
	behind  int64    // offset: pages of the mapping in [behind, at) may be dropped from memory
	ahead   int64    // offset: readyBytes from here on are to be allocated; 0 means none
}

// place returns the place of a record of size bytes, the last record before the end of
// the current segment, which is mapped. The caller holds w.mu.
func (w *Writer) place(size int64, first ikey.Seq, count int, durable ikey.Seq) Place {
	s := w.cur
	at := s.end - size
	p := Place{w: w, segment: s, at: at, size: size, first: first, count: count, durable: durable, behind: at}
	if p.large = size >= min(largeRecord, w.o.SegmentSize/4); p.large {
		return p
	}
	if at >= s.left+forgetBytes {
		p.behind, s.left = s.left, at
	}
	if s.end+readyBytes > s.ready {
		p.ahead = max(s.ready, s.end)
		s.ready = p.ahead + readyBytes
	}
	return p
}

// Store writes the record with the operations that it was reserved for; ops are not
// kept. An error breaks the log, so that no later record is acknowledged.
func (p *Place) Store(ops []byte) error {
	err := p.write(ops)
	if err != nil {
		p.w.mu.Lock()
		err = p.w.fail(err)
		p.w.mu.Unlock()
	}
	return err
}

// write is Store, except that an error does not break the log.
func (p *Place) write(ops []byte) error {
	switch {
	case p.segment == nil:
		return nil
	case p.large:
		return p.segment.writeRecord(p.at, p.first, p.count, p.durable, ops)
	default:
		return p.copy(ops)
	}
}

// copy encodes the record into the mapping. An error of the device appears here, as a
// memory fault.
func (p *Place) copy(ops []byte) (err error) {
	s := p.segment
	defer vfs.CatchFault(debug.SetPanicOnFault(true), s.name, &err)
	s.putRecord(s.view.Bytes()[p.at:p.at+p.size], p.at, p.first, p.count, p.durable, ops)
	return nil
}

// Advance allocates pages of the mapping ahead of the records, and drops pages behind
// them, whenever enough bytes were used up. The owner of the place calls it once after
// Store, at a time when no other writer waits for this record.
func (p *Place) Advance() {
	if p.behind < p.at || p.ahead > 0 {
		p.segment.advise(p.behind, p.at, p.ahead)
	}
}

package wal

import (
	"runtime/debug"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// largeRecord is from how many bytes on a record is written, not stored, to a
// mapped segment too: a system call then costs less than a page fault for each of
// its pages. Batches of 1000 entries of 116 bytes take 73 us in place of 142
// (2-core Xeon VM, ext4). In small segments it is less, so that tests with such
// go both ways.
const largeRecord = 16 << 10

// forgetBytes is how many bytes of a mapping the writer leaves behind it before
// their pages leave the memory of the process.
const forgetBytes = 1 << 20

// readyBytes is how far ahead of the records the pages of a mapping are made ready
// for stores, and how many at once. Without it a page is when its first record
// comes, and writers beside each other wait for it in the kernel: 24 page faults a
// thousand writes in place of 2, a fifth to a third of the processor time in place of
// an eighth (BenchmarkWriters/2 under perf stat, ext4, 2-core Xeon VM).
const readyBytes = 32 << 10

// Place is where a record belongs that has its turn in the log. Every Place is
// stored, once, by any goroutine.
type Place struct {
	w       *Writer
	segment *segment // nil: the record was encoded into the buffer
	large   bool     // written past the mapping
	at      int64    // offset in segment
	size    int64
	first   ikey.Seq
	count   int
	durable ikey.Seq // claimed by the record
	behind  int64    // pages of the mapping from here to at may leave memory
	ahead   int64    // pages from here on have to be made ready; 0: none
}

// place returns the place of a record of size bytes, the last before the end of the
// current segment, which is mapped. It is called under mu.
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

// Store writes the record whose operations are ops, those that it was reserved
// for. An error breaks the log: nobody whose record comes later has it
// acknowledged.
func (p *Place) Store(ops []byte) error {
	err := p.write(ops)
	if err != nil {
		p.w.mu.Lock()
		err = p.w.fail(err)
		p.w.mu.Unlock()
	}
	return err
}

// write is Store before it breaks the log.
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

// copy encodes the record into the mapping. A device that fails is met here, as a
// fault.
func (p *Place) copy(ops []byte) (err error) {
	s := p.segment
	defer vfs.CatchFault(debug.SetPanicOnFault(true), s.name, &err)
	s.putRecord(s.view.Bytes()[p.at:p.at+p.size], p.at, p.first, p.count, p.durable, ops)
	return nil
}

// Advance does what the mapping needs now and then as records go on: pages ahead
// become ready, pages behind leave memory. It is called once after Store, when no
// other writer waits for the record any more.
func (p *Place) Advance() {
	if p.behind < p.at || p.ahead > 0 {
		p.segment.advise(p.behind, p.at, p.ahead)
	}
}

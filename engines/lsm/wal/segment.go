package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/cespare/xxhash/v2"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// segment is one segment file in use. A file that is recycled gets a new segment value.
type segment struct {
	layout
	name string
	size int64    // of the file, in bytes; records end before it
	end  int64    // bytes used, including those still in the writer's buffer
	last ikey.Seq // of the last record; without records, the LSN after which the segment begins

	file   vfs.File            // nil for a segment of an earlier opening that was not recycled
	view   vfs.WritableMapping // with Mapped, until tables hold all records, as some may be stored late
	viewMu sync.Mutex          // keeps view mapped during advise
	left   int64               // offset up to which pages of view were dropped from memory
	ready  int64               // offset up to which pages of view were allocated
	filled int64               // offset up to which the blocks of the file have been written once
	synced bool                // no longer the current segment, and synced as a whole
	full   bool                // the segment takes no more records: see errHeader
}

// errHeader marks an error of the write of a header, of which a part may have been
// written. Missing bytes may be zeros, as in the rest of the file, and then the header
// may be sound all the same. The header says that no segment before it has later LSNs.
// This must stay true although the segment could not be made, so the segment before it
// takes no more records.
var errHeader = errors.New("write of the segment's header")

// writeHeader writes the header of a mapped segment to the file, not to the mapping:
// the first store to the mapping would fault in megabytes, which takes milliseconds.
func (s *segment) writeHeader(h header) error {
	b := make([]byte, headerSize)
	s.putHeader(b, h)
	_, err := s.file.WriteAt(b, 0)
	return err
}

// writeRecord writes a record to the file, not to the mapping. The bytes are those of
// putRecord, but ops are not copied.
func (s *segment) writeRecord(at int64, first ikey.Seq, count int, durable ikey.Seq, ops []byte) error {
	b := make([]byte, recordSize)
	s.putFixed(b, at, first, count, durable, ops)
	d := xxhash.New()
	_, _ = d.Write(b[8:]) // Write of a hash never fails
	_, _ = d.Write(ops)
	binary.LittleEndian.PutUint64(b, s.sum(d.Sum64(), at))
	if _, err := s.file.WriteAt(ops, at+recordSize); err != nil {
		return err
	}
	_, err := s.file.WriteAt(b, at)
	return err
}

// fillStep is how many bytes of zeros are written in one step, at most. A step is made
// when the records come within half a step of blocks that were only allocated. A sync
// of such blocks writes metadata of the file too: 29 records with their sync then take
// 67 us, but 45 us where the blocks were written before, and 32 writers of the store do
// 284k instead of 216k writes/s (ext4, 2-core Xeon VM). The blocks of recycled segments
// were written before. In small segments the steps are smaller, so that tests with such
// segments take several.
const fillStep = 256 << 10

var zeros [fillStep]byte

// fillAhead writes zeros behind end, where the written records end, if a step is due.
// It returns how many bytes it wrote.
func (s *segment) fillAhead(end int64) (int, error) {
	step := min(fillStep, s.size/8)
	from := max(end, s.filled)
	if from-end >= step/2 || from >= s.size {
		return 0, nil
	}
	to := min(from+step, s.size)
	n, err := s.file.WriteAt(zeros[:to-from], from)
	if vfs.Exhausted(err) { // the zeros are not necessary
		return n, nil
	}
	s.filled = to
	return n, err
}

// unmap gives up the mapping of s. All records of s must have been stored.
func (s *segment) unmap() error {
	s.viewMu.Lock()
	defer s.viewMu.Unlock()
	if s.view == nil {
		return nil
	}
	v := s.view
	s.view = nil
	return v.Unmap()
}

// advise drops the pages of [left, at) from memory. If ahead is above 0, it allocates
// the pages of the readyBytes from there on.
func (s *segment) advise(left, at, ahead int64) {
	s.viewMu.Lock()
	defer s.viewMu.Unlock()
	if s.view == nil {
		return // the record was stored late: tables hold the whole segment already
	}
	s.view.Forget(left, at)
	if ahead > 0 {
		s.view.Populate(ahead, ahead+readyBytes)
	}
}

func (s *segment) close() error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.unmap(), s.file.Close())
}

// sync makes everything that was handed over to s durable. With ODSync it already is.
func (s *segment) sync(m SyncMethod) error {
	switch m {
	case FDataSync:
		return s.file.SyncData()
	case FSync:
		return s.file.Sync()
	}
	return nil
}

// openSegment makes the file of segment number, with room for at least size bytes,
// which begins with h. The file is that of old under a new name, or a new file if old
// is nil. Its directory entry is durable after SyncDir. With Mapped, openSegment writes
// the header; otherwise, the caller does. After an error, a new file has been removed,
// as the disk may be full, and old can be used for another try.
func (o Options) openSegment(number uint64, h header, size int64, old *segment) (_ *segment, err error) {
	s := &segment{layout: newLayout(o.Secret, number), name: segmentName(number), size: size}
	if old == nil {
		err = o.create(s)
	} else {
		err = o.reuse(s, old)
	}
	if err == nil {
		err = o.prepare(s, h)
	}
	switch {
	case err == nil:
		return s, nil
	case old != nil:
		return nil, errors.Join(err, s.unmap())
	case s.file != nil:
		err = errors.Join(err, s.close())
	}
	_ = o.FS.Remove(o.path(s.name)) // recovery treats a file that stays as one left by a crash, and err says more
	return nil, err
}

// prepare makes an open file ready to take records.
func (o Options) prepare(s *segment, h header) (err error) {
	if err := s.file.Allocate(s.size); err != nil || o.Write != Mapped {
		return err
	}
	view, err := s.file.MapWritable()
	if err != nil {
		return err
	}
	s.view = view
	if err := s.writeHeader(h); err != nil {
		return fmt.Errorf("%w: %w", errHeader, err)
	}
	return nil
}

// create creates and opens the file of s.
func (o Options) create(s *segment) (err error) {
	if s.file, err = o.FS.Create(o.path(s.name)); err != nil || o.Sync != ODSync {
		return err
	}
	if err = s.file.Close(); err != nil {
		return err
	}
	s.file, err = o.FS.OpenDSync(o.path(s.name))
	return err
}

// reuse gives the file of old the name of s. old keeps that name if a later step fails.
func (o Options) reuse(s, old *segment) (err error) {
	if err = o.FS.Rename(o.path(old.name), o.path(s.name)); err != nil {
		return err
	}
	old.layout, old.name = s.layout, s.name
	s.filled = max(old.filled, old.end)
	if old.file == nil {
		if o.Sync == ODSync {
			old.file, err = o.FS.OpenDSync(o.path(s.name))
		} else {
			old.file, err = o.FS.OpenReadWrite(o.path(s.name))
		}
	}
	s.file = old.file
	return err
}

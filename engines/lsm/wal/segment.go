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

// segment is one segment file in use. A recycled file gets a new segment.
type segment struct {
	layout
	name string
	size int64    // bytes of the file; records end before
	end  int64    // bytes used, those still in the writer's buffer included
	last ikey.Seq // of the last record; before the first, the LSN it begins after

	file   vfs.File            // nil for a recovered segment that was not reused
	view   vfs.WritableMapping // with write method Mapped: until all records are in tables, as some may be stored late
	viewMu sync.Mutex          // keeps view from those who only advise
	left   int64               // offset up to which pages of view were let go
	ready  int64               // offset up to which pages of view were made ready
	filled int64               // offset up to which the file has blocks that were written
	synced bool                // sealed, and all of it was synced
	full   bool                // takes no more records: see errHeader
}

// errHeader marks an error of the write of a header, of which a part may be there. The
// bytes that are missing may be zeros, as the file's are, and then the header is sound.
// It says that no segment before it has later LSNs, so that must stay true, though the
// segment could not be made.
var errHeader = errors.New("write of the segment's header")

// writeHeader writes the header of a mapped segment past its mapping: the first
// store there faults in megabytes, which takes milliseconds.
func (s *segment) writeHeader(h header) error {
	b := make([]byte, headerSize)
	s.putHeader(b, h)
	_, err := s.file.WriteAt(b, 0)
	return err
}

// writeRecord writes a record past the mapping, as putRecord puts it in memory, but
// ops are not copied.
func (s *segment) writeRecord(at int64, first ikey.Seq, count int, durable ikey.Seq, ops []byte) error {
	b := make([]byte, recordSize)
	s.putFixed(b, at, first, count, durable, ops)
	d := xxhash.New()
	_, _ = d.Write(b[8:]) // never fails
	_, _ = d.Write(ops)
	binary.LittleEndian.PutUint64(b, s.sum(d.Sum64(), at))
	if _, err := s.file.WriteAt(ops, at+recordSize); err != nil {
		return err
	}
	_, err := s.file.WriteAt(b, at)
	return err
}

// fillStep is how many bytes of zeros are written at once, at most, when records
// come within half of that of blocks which were only allocated. A sync of such
// blocks writes the file's metadata too: 29 records with their sync take 67 us there,
// and 45 where blocks were written before; 32 writers of the store do 284k writes/s
// in place of 216k (ext4, 2-core Xeon VM). Recycled segments have been written. In
// small segments steps are less, so that tests with such take several.
const fillStep = 256 << 10

var zeros [fillStep]byte

// fillAhead makes the blocks after end, where the written records end, ready for
// records that are synced. It returns how many bytes it wrote.
func (s *segment) fillAhead(end int64) (int, error) {
	step := min(fillStep, s.size/8)
	from := max(end, s.filled)
	if from-end >= step/2 || from >= s.size {
		return 0, nil
	}
	to := min(from+step, s.size)
	n, err := s.file.WriteAt(zeros[:to-from], from)
	if vfs.Exhausted(err) { // the records find their blocks, or not, without it
		return n, nil
	}
	s.filled = to
	return n, err
}

// unmap ends the storing to s: all its records are stored.
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

// advise lets the pages of [left, at) leave memory, and makes those from ahead on
// ready if that is above 0.
func (s *segment) advise(left, at, ahead int64) {
	s.viewMu.Lock()
	defer s.viewMu.Unlock()
	if s.view == nil {
		return // a late one: tables hold it all
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

// sync makes all that was handed over to s durable. With ODSync it is already.
func (s *segment) sync(m SyncMethod) error {
	switch m {
	case FDataSync:
		return s.file.SyncData()
	case FSync:
		return s.file.Sync()
	}
	return nil
}

// openSegment makes the file of segment number, which begins with h, of at least size
// bytes: old under a new name, or a new file if old is nil. Its entry is durable after
// SyncDir. With a mapping the header is written, else that is the caller's to do. On an
// error a new file is gone, as the disk may be full, and old is fit for another try.
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
	_ = o.FS.Remove(o.path(s.name)) // recovery takes it for what a crash left, and err says more
	return nil, err
}

// prepare makes an open file ready to hold records.
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

// reuse gives old the name of s, under which it stays if what comes after fails.
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

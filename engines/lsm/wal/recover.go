package wal

import (
	"errors"
	"fmt"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
)

// Recovered says what [Recover] found. Passing it to [NewWriter] continues the log.
type Recovered struct {
	LastSeq  ikey.Seq  // every LSN up to it is in tables or was replayed
	Records  int       // replayed
	Bytes    int64     // on disk, of the replayed records
	Segments []Segment // those with LSNs that are not in tables, in order
	Clean    bool      // the log ends with the mark that Close writes
	Torn     Torn      // the tail that is cut off, if any
	Skipped  int       // damaged places that held only LSNs that are in tables
	Removed  int       // segments that are removed: obsolete ones, and those of the torn tail

	next   uint64 // a segment number above all in the directory
	hashed int64  // bytes of records whose checksum was computed
	chain  *chain // what NewWriter repairs; nil for an empty log
}

// Segment describes one live segment.
type Segment struct {
	Name    string
	Size    int64 // bytes of the file
	Records int
	First   ikey.Seq // the first LSN that the segment may hold
	Last    ikey.Seq // the last LSN in the segment, First-1 if it holds none

	number uint64
}

// Torn describes a torn tail: sound records behind a place at which a record was lost.
// None of them was acknowledged at the durability level that outlives the crash. Torn
// is zero if there was no such tail. A log that ends in the middle of a record just
// ends there and has none.
type Torn struct {
	Segment string // name of the file
	Offset  int64  // of the first bad bytes
	Why     string
	Dropped int // sound records and segment headers behind that place
}

// Recover reads the log in o.Dir and replays it. flushed is the LSN up to which tables
// hold everything. Recover calls apply in LSN order, once for every record that has an
// LSN above flushed. ops is the encoded kv.Batch, a view that is valid during the call.
// An error of apply ends Recover.
//
// If damage cost an LSN that was synced, the error wraps kv.ErrCorrupt. Recover changes
// nothing on disk. [NewWriter] does, and cuts off the torn tail; call it once what
// flushed stands for is durable. Nothing else may use the log in between.
func Recover(o Options, flushed ikey.Seq, apply func(first ikey.Seq, count int, ops []byte) error) (Recovered, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return Recovered{}, err
	}
	c, err := follow(o, flushed, apply)
	if err != nil {
		return Recovered{}, err
	}
	c.stay, c.leave = c.keep()
	c.info.chain = c
	return c.info, nil
}

// Check reads the log in o.Dir as [Recover] does, and every operation in it, but
// changes nothing. The error wraps kv.ErrCorrupt for damage that Recover would refuse,
// and for a record whose batch does not match its fields. A torn tail is not an error.
// Removed counts the segments that NewWriter would remove.
func Check(o Options, flushed ikey.Seq) (Recovered, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return Recovered{}, err
	}
	c, err := follow(o, flushed, checkOps)
	if err != nil {
		return Recovered{}, err
	}
	c.keep()
	return c.info, nil
}

// checkOps checks that the encoded batch has count operations.
func checkOps(first ikey.Seq, count int, encoded []byte) error {
	ops, n := kv.ReadAllOps(encoded), 0
	for ops.Next() {
		n++
	}
	if err := ops.Err(); err != nil {
		return fmt.Errorf("wal: record of LSN %d: %w", first, err)
	}
	if n != count {
		return fmt.Errorf("wal: %w: record of LSN %d: %d operations, want %d", kv.ErrCorrupt, first, n, count)
	}
	return nil
}

// keep divides the segments into those that stay and those that are removed. A segment
// stays if it holds an LSN that tables do not hold. A segment with only the end mark
// stays if such a segment precedes it.
func (c *chain) keep() (stay, leave []*foundSegment) {
	for _, s := range c.segments {
		mark := s.marked && s.records == 0 && c.info.Clean && len(stay) > 0
		if s.last <= c.flushed && !mark {
			leave = append(leave, s)
			continue
		}
		stay = append(stay, s)
		c.info.Segments = append(c.info.Segments, Segment{
			Name: s.name, Size: s.size, Records: s.records, First: s.header.after + 1, Last: max(s.last, s.header.after),
			number: s.number,
		})
	}
	c.info.Removed = len(leave)
	return stay, leave
}

// repair makes the log on disk exactly what was replayed, durably. After each step the
// log replays to the same result, so repair may be interrupted anywhere, and again when
// it is repeated.
func (c *chain) repair() error {
	for _, s := range c.leave {
		if err := c.o.FS.Remove(c.o.path(s.name)); err != nil {
			return err
		}
	}
	for i, s := range c.stay {
		cut := i == len(c.stay)-1 && s.size > s.end
		if err := c.makeDurable(s, cut); err != nil {
			return err
		}
		if cut {
			c.info.Segments[i].Size = s.end
		}
	}
	return c.o.FS.SyncDir(c.o.Dir)
}

// makeDurable syncs the content of a segment. If cut is set, it first cuts off what
// follows the last record.
func (c *chain) makeDurable(s *foundSegment, cut bool) (err error) {
	f, err := c.o.FS.OpenReadWrite(c.o.path(s.name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if cut {
		if err := f.Truncate(s.end); err != nil {
			return err
		}
	}
	return f.Sync()
}

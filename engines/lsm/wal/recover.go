package wal

import (
	"errors"
	"fmt"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
)

// Recovered says what [Recover] found, and hands the log to [NewWriter].
type Recovered struct {
	LastSeq  ikey.Seq  // every LSN up to it is in tables or was replayed
	Records  int       // replayed
	Bytes    int64     // on disk, of the records replayed
	Segments []Segment // that hold LSNs not yet in tables, in order
	Clean    bool      // the log ends with the mark that Close writes
	Torn     Torn      // what was cut off
	Skipped  int       // damaged places that held only LSNs in tables
	Removed  int       // segments that go: obsolete, or part of the tail

	next   uint64 // segment number above all that the directory had
	hashed int64  // bytes of records whose checksum was computed
	chain  *chain // what NewWriter repairs; nil for an empty log
}

// Segment describes one live segment.
type Segment struct {
	Name    string
	Size    int64 // bytes of the file
	Records int
	First   ikey.Seq // the first LSN that it may hold
	Last    ikey.Seq // the last LSN in it, First-1 if it holds none

	number uint64
}

// Torn describes a tail that held sound records, none of which was acknowledged
// as what outlives the crash, after a place at which one was lost. It is zero if there
// was none: a log that ends in the middle of a record just ends there.
type Torn struct {
	Segment string // name of the file
	Offset  int64  // of the first bad bytes
	Why     string
	Dropped int // sound records and segment headers after it
}

// Recover reads the log in o.Dir and replays it. It calls apply in LSN order for every record that has an LSN above flushed, the
// point up to which tables hold everything; ops is the encoded kv.Batch, a view
// that is valid during the call. An error of apply ends it.
//
// Damage that cost an LSN that was synced is an error wrapping kv.ErrCorrupt.
// Nothing on disk is changed: [NewWriter] does that, and cuts off the torn tail,
// once the caller has made durable what `flushed` stands for. Nothing else may
// use the log until then.
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

// Check reads the log in o.Dir as [Recover] does, and every operation in it, and
// changes nothing. Damage that Recover would refuse, and a record whose batch
// is not what its header says, is an error wrapping kv.ErrCorrupt; a torn tail
// is none. Removed counts what Recover would remove.
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

func checkOps(first ikey.Seq, count int, encoded []byte) error {
	ops, n := kv.ReadOps(encoded), 0
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

// keep splits the segments into those that stay and those that go. A segment
// stays if it holds an LSN that tables do not, and so does the end mark of a
// log with such segments.
func (c *chain) keep() (stay, leave []*found) {
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

// repair makes the log on disk exactly what was replayed, durably. Each step
// leaves a log that replays the same, so it may be cut short at any point, and
// cut short again when it is run again.
func (c *chain) repair() error {
	for _, s := range c.leave {
		if err := c.o.FS.Remove(c.o.path(s.name)); err != nil {
			return err
		}
	}
	for i, s := range c.stay {
		cut := i == len(c.stay)-1 && s.size > s.end
		if err := c.settle(s, cut); err != nil {
			return err
		}
		if cut {
			c.info.Segments[i].Size = s.end
		}
	}
	return c.o.FS.SyncDir(c.o.Dir)
}

// settle makes the content of a segment durable, without what follows its last
// record if cut is set.
func (c *chain) settle(s *found, cut bool) (err error) {
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

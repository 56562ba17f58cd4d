package wal

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// found is one segment file of the directory.
type found struct {
	number uint64
	name   string
	size   int64 // bytes of the file
	header header
	wrong  string // what is wrong with the header; empty if it is sound

	records int      // that belong to the log
	last    ikey.Seq // LSN of the last of them; 0 without any
	end     int64    // where the last of them ends
	marked  bool     // an end mark follows them
}

// chain follows the records of all segments in order. It reads only; see
// "Recovery" in the package comment for the rules that it decides by.
type chain struct {
	o       Options
	flushed ikey.Seq
	apply   func(first ikey.Seq, count int, ops []byte) error

	segments []*found // all that the directory has, by number
	start    int      // segments before it hold no LSN above flushed
	reached  ikey.Seq // every LSN up to it is in tables or was found
	at       *found   // the segment being walked
	tail     bool     // an LSN is missing: what follows is evidence, not log
	hurt     *damage  // the first since the last sound thing, if any
	info     Recovered

	stay, leave []*found // what repair does with the segments
}

// damage is a place at which the log is not what it should be.
type damage struct {
	name   string
	offset int64
	why    string
	end    bool // no record of the segment follows: perhaps only its end
}

// follow walks the whole log in o.Dir. An LSN that was synced and is not there
// makes an error wrapping kv.ErrCorrupt.
func follow(o Options, flushed ikey.Seq, apply func(ikey.Seq, int, []byte) error) (*chain, error) {
	c := &chain{o: o, flushed: flushed, apply: apply, reached: flushed}
	if err := c.list(); err != nil {
		return nil, err
	}
	for _, s := range c.segments[c.start:] {
		if err := c.walk(s); err != nil {
			return nil, err
		}
	}
	c.info.LastSeq = c.reached
	return c, nil
}

// list finds the segments and reads their headers.
func (c *chain) list() error {
	names, err := c.o.FS.List(c.o.Dir)
	if err != nil {
		return fmt.Errorf("wal: %w", err)
	}
	for _, name := range names {
		number, ok := parseName(name)
		if !ok {
			continue
		}
		s := &found{number: number, name: name}
		if err := c.readHeader(s); err != nil {
			return fmt.Errorf("wal: %w", err)
		}
		c.segments = append(c.segments, s)
	}
	slices.SortFunc(c.segments, func(a, b *found) int {
		if a.number < b.number {
			return -1
		}
		return +1 // numbers are unique
	})
	for i, s := range c.segments {
		if s.wrong == "" && s.header.after <= c.flushed {
			c.start = i
		}
		c.info.next = max(c.info.next, s.number+1)
	}
	return nil
}

func (c *chain) readHeader(s *found) (err error) {
	f, err := c.o.FS.Open(c.o.path(s.name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if s.size, err = f.Size(); err != nil {
		return err
	}
	b := make([]byte, min(s.size, headerSize))
	if _, err := f.ReadAt(b, 0); err != nil && len(b) > 0 {
		return err
	}
	s.header, s.wrong = parseHeader(b, s.number)
	return nil
}

// walk reads one segment through a mapping.
func (c *chain) walk(s *found) (err error) {
	f, err := c.o.FS.Open(c.o.path(s.name))
	if err != nil {
		return fmt.Errorf("wal: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	m, err := f.Map()
	if err != nil {
		return fmt.Errorf("wal: %w", err)
	}
	defer func() { err = errors.Join(err, m.Unmap()) }()
	defer vfs.CatchFault(debug.SetPanicOnFault(true), s.name, &err)
	c.at = s
	return c.records(m.Bytes())
}

// records takes the header and every record of the segment at hand.
func (c *chain) records(data []byte) error {
	s := c.at
	scan := scanner{data: data, number: s.number, off: headerSize, after: s.header.after}
	if s.wrong == "" {
		if err := c.takeHeader(); err != nil {
			return err
		}
		s.end = headerSize
	} else {
		// Its records say at most what was synced.
		c.damaged(0, s.wrong, false)
		scan.off, scan.after = 0, c.reached
	}
	for {
		want := scan.off
		r, at, wrong, ok := scan.next()
		if wrong.kind != faultNone {
			c.damaged(want, wrong.String(), !ok)
		}
		if !ok {
			return nil
		}
		if err := c.takeRecord(&r, at); err != nil {
			return err
		}
	}
}

// damaged notes the first damage since the last sound thing.
func (c *chain) damaged(offset int64, why string, end bool) {
	switch {
	case c.hurt == nil:
		c.hurt = &damage{c.at.name, offset, why, end}
	case c.hurt.end && !c.tail && !end: // that may have been no damage; this is
		c.hurt.why += fmt.Sprintf("; %s offset %d: %s", c.at.name, offset, why)
		c.hurt.end = false
	}
}

func (c *chain) takeHeader() error {
	h := c.at.header
	if h.after > c.flushed && h.after < c.reached {
		return fmt.Errorf("wal: %w: %s offset 0: segment begins after LSN %d, but the log before it reaches %d",
			kv.ErrCorrupt, c.at.name, h.after, c.reached)
	}
	c.info.Clean = false // somebody opened the log again
	_, err := c.take(0, h.after+1, h.durable)
	return err
}

func (c *chain) takeRecord(r *record, at int64) error {
	belongs, err := c.take(at, r.first, r.durable)
	if err != nil || !belongs {
		return err
	}
	s := c.at
	s.end = at + r.size
	s.marked = r.count == 0
	c.info.Clean = s.marked
	if s.marked {
		return nil
	}
	s.records++
	s.last = r.last()
	if s.last <= c.flushed {
		return nil
	}
	c.reached = s.last
	c.info.Records++
	c.info.Bytes += r.size
	return c.apply(r.first, int(r.count), r.ops)
}

// take judges one sound header or record, whose LSNs begin with first, and says
// whether it belongs to the log.
func (c *chain) take(at int64, first, durable ikey.Seq) (belongs bool, err error) {
	if durable > c.reached {
		return false, c.corrupt(at, first, durable)
	}
	switch {
	case c.tail:
		c.info.Torn.Dropped++
	case first > c.reached+1 || c.at.wrong != "":
		c.damaged(at, fmt.Sprintf("begins at LSN %d, want %d", first, c.reached+1), false)
		c.tail = true
		c.info.Torn = Torn{Segment: c.hurt.name, Offset: c.hurt.offset, Why: c.hurt.why, Dropped: 1}
	default:
		if c.hurt != nil && !c.hurt.end {
			c.info.Skipped++
		}
		c.hurt = nil
		return true, nil
	}
	return false, nil
}

// corrupt is the error for an LSN that was synced, as `at` in the segment at
// hand proves, and is not there.
func (c *chain) corrupt(at int64, first, durable ikey.Seq) error {
	c.damaged(at, fmt.Sprintf("begins at LSN %d, want %d", first, c.reached+1), false)
	return fmt.Errorf("wal: %w: %s offset %d: %s; LSN %d to %d are missing, and %s offset %d says that all up to %d was synced",
		kv.ErrCorrupt, c.hurt.name, c.hurt.offset, c.hurt.why,
		c.reached+1, max(first-1, durable), c.at.name, at, durable)
}

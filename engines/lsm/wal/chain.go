package wal

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"lsmlab/engines/internal/planted"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// foundSegment is one segment file of the directory, and what the walk learned about it.
type foundSegment struct {
	layout

	name   string
	size   int64 // bytes of the file
	header header
	wrong  string // what is wrong with the header; empty if it is sound

	records int      // how many belong to the log
	last    ikey.Seq // LSN of the last of these records; 0 if there is none
	end     int64    // offset at which the last of these records ends
	marked  bool     // an end mark follows these records
}

// chain walks through the records of all segments in order. It changes nothing on disk.
// See "Recovery" in the package comment for its rules.
type chain struct {
	o       Options
	flushed ikey.Seq
	apply   func(first ikey.Seq, count int, ops []byte) error

	segments    []*foundSegment // all of the directory, by number
	start       int             // segments before it hold no LSN above flushed
	reached     ikey.Seq        // every LSN up to it is in tables or was found in the log
	at          *foundSegment   // the segment that is being read
	next        *foundSegment   // the one after it, or nil
	tail        bool            // an LSN is missing: what follows proves what was synced, but is not part of the log
	firstDamage *damage         // the first damage since the last record or header that belongs to the log
	info        Recovered

	done, total int64 // bytes of the segments read so far, and of all to read
	tellAt      int64 // value of done at which progress is reported next

	stay, leave []*foundSegment // see keep
}

// damage is a place at which the log is not as it should be.
type damage struct {
	name   string
	offset int64
	why    string
	end    bool // no record of the segment follows: the segment may just end here
}

// follow walks through the whole log in o.Dir. If an LSN that was synced is missing,
// the error wraps kv.ErrCorrupt.
func follow(o Options, flushed ikey.Seq, apply func(ikey.Seq, int, []byte) error) (*chain, error) {
	c := &chain{o: o, flushed: flushed, apply: apply, reached: flushed}
	if err := c.list(); err != nil {
		return nil, err
	}
	needed := c.segments[c.start:]
	for _, s := range needed {
		c.total += s.size
	}
	for i, s := range needed {
		c.at, c.next = s, nil
		if i+1 < len(needed) {
			c.next = needed[i+1]
		}
		if err := c.walk(s); err != nil {
			return nil, err
		}
		c.done += s.size
	}
	c.info.LastSeq = c.reached
	return c, nil
}

// list finds the segments, reads their headers and determines where the walk starts.
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
		if epoch := number >> epochBits; epoch > c.o.Epoch {
			return fmt.Errorf("wal: %w: %s offset 0: segment of epoch %d, but the log is at epoch %d", kv.ErrCorrupt, name, epoch, c.o.Epoch)
		}
		s := &foundSegment{layout: newLayout(c.o.Secret, number), name: name}
		if err := c.readHeader(s); err != nil {
			return fmt.Errorf("wal: %w", err)
		}
		c.segments = append(c.segments, s)
	}
	slices.SortFunc(c.segments, func(a, b *foundSegment) int {
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

// readHeader reads the size and the header of a segment. A bad header is no error: it
// is recorded in s.wrong.
func (c *chain) readHeader(s *foundSegment) (err error) {
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
	s.header, s.wrong = s.parseHeader(b)
	return nil
}

// walk reads one segment through a mapping.
func (c *chain) walk(s *foundSegment) (err error) {
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
	return c.records(m.Bytes())
}

// records processes the header and every record of the current segment.
func (c *chain) records(data []byte) error {
	s := c.at
	scan := scanner{layout: s.layout, data: data, off: headerSize, after: s.header.after}
	defer func() { c.info.hashed += scan.hashed }()
	if s.wrong == "" {
		if err := c.takeHeader(); err != nil {
			return err
		}
		s.end = headerSize
	} else {
		// The records of this segment do not belong to the log, but their claims count.
		c.damaged(0, s.wrong, false)
		scan.off, scan.after, scan.blind = 0, c.reached, true
	}
	for {
		if err := c.tell(scan.off); err != nil {
			return err
		}
		at := scan.off
		r, wrong := scan.here()
		if wrong.kind != faultNone {
			if c.endsAfter(scan.after) {
				return nil
			}
			ok, want := false, at
			r, at, ok = scan.search()
			c.damaged(want, wrong.String(), !ok)
			if !ok {
				return nil
			}
		}
		if err := c.takeRecord(&r, at); err != nil || r.count == 0 {
			return err // nothing is written behind an end mark
		}
	}
}

// endsAfter says whether last is certainly the last LSN of the current segment, because
// the next segment begins right after it. Then the rest of the current segment needs no
// search.
func (c *chain) endsAfter(last ikey.Seq) bool {
	return c.at.wrong == "" && c.next != nil && c.next.wrong == "" && c.next.header.after == last
}

// tellEvery is how many bytes of the log are read between two calls of
// Options.Progress.
const tellEvery = 1 << 20

// tell calls Options.Progress, once in tellEvery bytes. An error of that call ends the
// walk.
func (c *chain) tell(off int64) error {
	if now := c.done + off; c.o.Progress != nil && now >= c.tellAt {
		c.tellAt = now + tellEvery
		return c.o.Progress(now, c.total)
	}
	return nil
}

// damaged records a damage, if it is the first since something that belongs to the log. The
// first one is where the log broke; later ones are mostly its consequences.
func (c *chain) damaged(offset int64, why string, end bool) {
	switch {
	case c.firstDamage == nil:
		c.firstDamage = &damage{c.at.name, offset, why, end}
	case c.firstDamage.end && !c.tail && !end: // the first may have been just an end; this is damage
		c.firstDamage.why += fmt.Sprintf("; %s offset %d: %s", c.at.name, offset, why)
		c.firstDamage.end = false
	}
}

// takeHeader judges the header of the current segment, which is sound.
func (c *chain) takeHeader() error {
	h := c.at.header
	if h.after > c.flushed && h.after < c.reached {
		return fmt.Errorf("wal: %w: %s offset 0: segment begins after LSN %d, but the log before it reaches %d",
			kv.ErrCorrupt, c.at.name, h.after, c.reached)
	}
	c.info.Clean = false // the log was opened again after the end mark
	_, err := c.take(0, h.after+1, h.durable)
	return err
}

// takeRecord judges a sound record at offset `at` of the current segment, and replays
// it if tables lack it.
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

// take judges one sound header or record, whose LSNs begin with first. It says whether
// the header or record belongs to the log. durable is its claim: every LSN up to it had
// been synced when the header or record was written. So a claim above what was found
// proves a loss, and is corruption. As long as no claim reaches beyond a gap, nothing that
// was synced is missing, and what follows the gap is dropped.
func (c *chain) take(at int64, first, durable ikey.Seq) (belongs bool, err error) {
	if durable > c.reached {
		return false, c.corrupt(at, first, durable)
	}
	switch {
	case planted.Is(planted.GapReplayed) && c.at.wrong == "":
		return true, nil
	case c.tail:
		c.info.Torn.Dropped++
	case first > c.reached+1 || c.at.wrong != "":
		c.damaged(at, fmt.Sprintf("begins at LSN %d, want %d", first, c.reached+1), false)
		c.tail = true
		c.info.Torn = Torn{Segment: c.firstDamage.name, Offset: c.firstDamage.offset, Why: c.firstDamage.why, Dropped: 1}
	default:
		if c.firstDamage != nil && !c.firstDamage.end {
			c.info.Skipped++
		}
		c.firstDamage = nil
		return true, nil
	}
	return false, nil
}

// corrupt is the error for an LSN that is missing although it was synced, as the header
// or record at offset `at` of the current segment proves.
func (c *chain) corrupt(at int64, first, durable ikey.Seq) error {
	c.damaged(at, fmt.Sprintf("begins at LSN %d, want %d", first, c.reached+1), false)
	return fmt.Errorf("wal: %w: %s offset %d: %s; LSN %d to %d are missing, and %s offset %d says that all up to %d was synced",
		kv.ErrCorrupt, c.firstDamage.name, c.firstDamage.offset, c.firstDamage.why,
		c.reached+1, max(first-1, durable), c.at.name, at, durable)
}

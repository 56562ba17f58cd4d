package blocklog

import (
	"fmt"
	"slices"
)

// Disk makes the states in which a power cut may leave the disk of a log. It
// keeps the image of what is durable, so cuts asked for in rising order cost the
// operations that are pending, not the whole log. One goroutine at a time.
type Disk struct {
	log     *Log
	from    int64
	start   *Image // at from
	first   int    // operations before it are in start
	durable *Image // start, and the operations from first to next, durable at the position `at`
	next    int
	at      int64
}

// NewDisk returns the disk of l for cuts at from or later. What was issued by
// then counts as durable: a file system was made, say, and the log flushed.
func NewDisk(l *Log, from int64) (*Disk, error) {
	if from < 0 || from > l.End {
		return nil, fmt.Errorf("position %d, of a log with positions 0 to %d", from, l.End)
	}
	d := &Disk{log: l, from: from, start: NewImage(l.Size)}
	for d.first < len(l.Ops) && l.Ops[d.first].Issued <= from {
		d.start.apply(l.Ops[d.first], l.Ops[d.first].Length)
		d.first++
	}
	d.rewind()
	return d, nil
}

func (d *Disk) rewind() { d.durable, d.next, d.at = d.start.Clone(), d.first, d.from }

// piece is an operation of which the first length bytes reached the disk.
type piece struct {
	op     int
	length int64
}

// Crash returns the content that a power cut at position leaves if the disk does
// what choose says. The image is the caller's. A position outside the log is a
// mistake of the caller, and panics.
func (d *Disk) Crash(position int64, m Model, choose Chooser) *Image {
	if position < d.from || position > d.log.End {
		panic(fmt.Sprintf("blocklog: cut at position %d, of %d to %d", position, d.from, d.log.End))
	}
	if m.Lies {
		return d.prefix(position, choose)
	}
	flushed := d.log.flushed(position)
	d.advance(position, flushed)
	var pieces []piece
	for i := d.next; i < len(d.log.Ops) && d.log.Ops[i].Issued <= position; i++ {
		op := d.log.Ops[i]
		switch {
		case op.Kind == Flush:
		case op.durable(position, flushed):
			pieces = append(pieces, piece{i, op.Length})
		default:
			if n := keep(i, op, m, choose); n > 0 {
				pieces = slices.Insert(pieces, d.place(pieces, i, choose), piece{i, n})
			}
		}
	}
	image := d.durable.Clone()
	for _, p := range pieces {
		image.apply(d.log.Ops[p.op], p.length)
	}
	return image
}

// prefix returns a state of a disk that lies.
func (d *Disk) prefix(position int64, choose Chooser) *Image {
	end := d.first
	for end < len(d.log.Ops) && d.log.Ops[end].Issued <= position {
		end++
	}
	kept := choose(Site{Kind: SitePrefix}, end-d.first+1)
	image := d.start.Clone()
	for _, op := range d.log.Ops[d.first : d.first+kept] {
		image.apply(op, op.Length)
	}
	return image
}

// advance moves next to the first operation that is pending at position.
func (d *Disk) advance(position, flushed int64) {
	if position < d.at {
		d.rewind()
	}
	d.at = position
	for d.next < len(d.log.Ops) {
		op := d.log.Ops[d.next]
		if !op.durable(position, flushed) {
			return
		}
		d.durable.apply(op, op.Length)
		d.next++
	}
}

// flushed returns where the last flush was issued that completed by position:
// what completed before is durable. 0 if there is none.
func (l *Log) flushed(position int64) (issued int64) {
	for _, op := range l.Ops {
		if op.Issued > position {
			break
		}
		if op.Kind == Flush && op.Done != Never && op.Done <= position {
			issued = op.Issued
		}
	}
	return issued
}

// durable says whether the operation surely survives a cut at position. Flushes
// store nothing, and count as durable when they are complete.
func (o Op) durable(position, flushed int64) bool {
	if o.Done == Never || o.Done > position {
		return false
	}
	return o.Done < flushed || o.FUA || o.Kind == Flush
}

// keep asks how much of a pending operation is there, in bytes.
func keep(i int, op Op, m Model, choose Chooser) int64 {
	site := Site{Kind: SiteWrite, Op: i, Offset: op.Offset, Length: op.Length, Sector: m.Sector}
	sectors := sectorsOf(op, m.Sector)
	if sectors < 2 {
		return int64(choose(site, 2)) * op.Length
	}
	switch choose(site, 3) {
	case 0:
		return 0
	case 2:
		return op.Length
	}
	site.Kind = SiteTear
	return site.torn(choose(site, int(sectors-1)))
}

// sectorsOf returns how many sectors an operation touches; 1 if none is torn.
func sectorsOf(op Op, sector int64) int64 {
	if sector == 0 {
		return 1
	}
	return (op.Offset+op.Length-1)/sector - op.Offset/sector + 1
}

// place returns where among pieces the kept operation i goes: last, or before
// the earliest that it may have overtaken, if choose says so.
func (d *Disk) place(pieces []piece, i int, choose Chooser) int {
	op, at := d.log.Ops[i], len(pieces)
	for k, p := range slices.Backward(pieces) {
		other := d.log.Ops[p.op]
		if other.Offset >= op.Offset+op.Length || op.Offset >= other.Offset+other.Length {
			continue
		}
		if other.Done != Never && other.Done < op.Issued {
			break
		}
		at = k
	}
	if at < len(pieces) && choose(Site{Kind: SiteOrder, Op: i, Offset: op.Offset, Length: op.Length}, 2) == 1 {
		return len(pieces)
	}
	return at
}

// apply does the first length bytes of an operation.
func (m *Image) apply(op Op, length int64) {
	switch op.Kind {
	case Write:
		m.WriteAt(op.Data[:length], op.Offset)
	case Zero:
		m.Zero(op.Offset, length)
	}
}

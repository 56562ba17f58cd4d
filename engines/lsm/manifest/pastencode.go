package manifest

import (
	"encoding/binary"
	"math"

	"lsmlab/engines/lsm/ikey"
)

// appendPast appends the fields of p.
func appendPast(dst []byte, p *Past) []byte {
	if p.Floor != 0 {
		dst = binary.AppendUvarint(append(dst, tagFloor), uint64(p.Floor))
	}
	for i := range p.Ends {
		dst = appendEnds(append(dst, tagEnds), &p.Ends[i])
	}
	if len(p.Marks) > 0 {
		dst = appendMarks(append(dst, tagMarks), p.Marks)
	}
	return dst
}

func appendEnds(dst []byte, e *Ends) []byte {
	dst = binary.AppendUvarint(dst, uint64(e.From))
	dst = binary.AppendUvarint(dst, uint64(len(e.Batches)))
	for _, b := range e.Batches {
		dst = binary.AppendUvarint(dst, b.Size)
		dst = binary.AppendUvarint(dst, b.Count)
	}
	return dst
}

// appendMarks appends marks, of which each gives its differences to the one before.
func appendMarks(dst []byte, marks []Mark) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(marks)))
	var before Mark
	for _, m := range marks {
		dst = binary.AppendVarint(dst, m.At-before.At)
		dst = binary.AppendUvarint(dst, uint64(m.Seq-before.Seq))
		before = m
	}
	return dst
}

func (d *decoder) ends() (e Ends) {
	e.From = d.seq("first batch end")
	left := uint64(ikey.MaxSeq - e.From)
	for range d.count("batches", 2) {
		b := Batches{d.uint("batch size", left), 0}
		if b.Size == 0 {
			d.fail("batch size", "0, want 1 at least")
			break
		}
		if b.Count = d.uint("batch count", left/b.Size); b.Count == 0 {
			d.fail("batch count", "0, want 1 at least")
			break
		}
		left -= b.Size * b.Count
		e.Batches = append(e.Batches, b)
	}
	return e
}

func (d *decoder) marks() (marks []Mark) {
	var m Mark
	for i := range d.count("marks", 2) {
		step := d.int("time of a mark")
		if i > 0 && (step < 0 || m.At > math.MaxInt64-step) {
			d.fail("time of a mark", "%d ns after %d, want it to rise", step, m.At)
			break
		}
		m = Mark{m.At + step, m.Seq + ikey.Seq(d.uint("LSN of a mark", uint64(ikey.MaxSeq-m.Seq)))}
		marks = append(marks, m)
	}
	return marks
}

// count reads how many items of at least size bytes follow.
func (d *decoder) count(what string, size int) uint64 {
	return d.uint("number of "+what, uint64((len(d.data)-d.at)/size))
}

// int reads a signed varint.
func (d *decoder) int(what string) int64 {
	n, w := binary.Varint(d.data[d.at:])
	if w <= 0 {
		d.fail(what, "cut off or over 64 bits")
		return 0
	}
	d.at += w
	return n
}

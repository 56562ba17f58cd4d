package manifest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/rangedel"
)

// Tags of the fields of an edit. Part of the disk format; do not renumber.
const (
	tagFlushed byte = 1
	tagNext    byte = 2
	tagRemoved byte = 3
	tagAdded   byte = 4
	tagEpoch   byte = 5
	tagSecret  byte = 6
	tagFloor   byte = 7
	tagEnds    byte = 8
	tagMarks   byte = 9
	tagHidden  byte = 10
	tagSwept   byte = 11
	tagRange   byte = 12
	tagClear   byte = 13

	lastTag = tagClear
)

// appendEdit appends the encoding of e to dst and returns the extended slice.
// DecodeEdit must accept the edit: its levels are below NumLevels, its LSNs and key
// sizes within their limits.
func appendEdit(dst []byte, e *Edit) []byte {
	if e.FlushedSeq != 0 {
		dst = binary.AppendUvarint(append(dst, tagFlushed), uint64(e.FlushedSeq))
	}
	if e.NextFileID != 0 {
		dst = binary.AppendUvarint(append(dst, tagNext), e.NextFileID)
	}
	if e.Log.Epoch != 0 {
		dst = binary.AppendUvarint(append(dst, tagEpoch), e.Log.Epoch)
	}
	if e.Log.Secret != 0 {
		dst = binary.LittleEndian.AppendUint64(append(dst, tagSecret), e.Log.Secret)
	}
	dst = appendPast(dst, &e.Past)
	for _, r := range e.Removed {
		dst = binary.AppendUvarint(append(dst, tagRemoved, byte(r.Level)), r.ID)
	}
	for _, a := range e.Added {
		dst = appendTable(append(dst, tagAdded, byte(a.Level)), a.Table)
		if h := a.Table.Hidden; h != (Hidden{}) {
			dst = binary.AppendUvarint(append(dst, tagHidden), h.Held)
			dst = binary.AppendUvarint(dst, h.Past)
			dst = binary.AppendUvarint(dst, uint64(h.Due))
		}
		if a.Table.Swept != 0 {
			dst = binary.AppendUvarint(append(dst, tagSwept), uint64(a.Table.Swept))
		}
	}
	if e.ClearRanges {
		dst = append(dst, tagClear)
	}
	for _, r := range e.Ranges {
		dst = binary.AppendUvarint(append(dst, tagRange), uint64(r.Seq))
		dst = appendKey(appendKey(dst, r.Start), r.End)
	}
	return dst
}

func appendTable(dst []byte, t *Table) []byte {
	dst = binary.AppendUvarint(dst, t.ID)
	dst = binary.AppendUvarint(dst, uint64(t.Size))
	dst = appendKey(dst, t.Smallest)
	dst = appendKey(dst, t.Largest)
	dst = binary.AppendUvarint(dst, uint64(t.MinSeq))
	dst = binary.AppendUvarint(dst, uint64(t.MaxSeq))
	dst = binary.AppendUvarint(dst, t.Entries)
	return binary.AppendUvarint(dst, t.Deletes)
}

func appendKey(dst, key []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(key))), key...)
}

// decodeEdit decodes an edit. The result shares no memory with data. Invalid data is an
// error that wraps [kv.ErrCorrupt] and gives the offset in data. The memory used is at
// most a small multiple of len(data).
func decodeEdit(data []byte) (*Edit, error) {
	d := &decoder{data: data}
	e := &Edit{}
	for d.at < len(d.data) && d.err == nil {
		d.field(e)
	}
	if d.err != nil {
		return nil, d.err
	}
	return e, nil
}

// decoder reads fields one after the other. After the first error, all that it returns
// is zero.
type decoder struct {
	data []byte
	at   int
	err  error
}

// field reads one field into e.
func (d *decoder) field(e *Edit) {
	switch tag := d.byte("tag"); tag {
	case tagFlushed:
		e.FlushedSeq = d.seq("flushed LSN")
	case tagNext:
		e.NextFileID = d.uint("next file number", math.MaxUint64)
	case tagRemoved:
		r := TableRef{Level: d.level(), ID: d.uint("table ID", math.MaxUint64)}
		e.Removed = append(e.Removed, r)
	case tagAdded:
		a := LevelTable{Level: d.level(), Table: d.table()}
		e.Added = append(e.Added, a)
	case tagEpoch:
		e.Log.Epoch = d.uint("log epoch", math.MaxUint32)
	case tagSecret:
		e.Log.Secret = d.fixed("log secret")
	case tagFloor:
		e.Past.Floor = d.seq("floor")
	case tagEnds:
		e.Past.Ends = append(e.Past.Ends, d.ends())
	case tagMarks:
		e.Past.Marks = append(e.Past.Marks, d.marks()...)
	case tagHidden:
		d.hidden(e)
	case tagSwept:
		d.swept(e)
	case tagRange:
		e.Ranges = append(e.Ranges, d.rangeDelete())
	case tagClear:
		e.ClearRanges = true
	default:
		d.at--
		d.fail("tag", "%d, want %d to %d", tag, tagFlushed, lastTag)
	}
}

// hidden reads what the table added last hides.
func (d *decoder) hidden(e *Edit) {
	if len(e.Added) == 0 {
		d.fail("tag", "%d, want it behind a table that is added", tagHidden)
		return
	}
	t := e.Added[len(e.Added)-1].Table
	t.Hidden = Hidden{Held: d.uint("held versions", math.MaxUint64), Past: d.uint("past versions", math.MaxUint64), Due: d.seq("due LSN")}
}

func (d *decoder) table() *Table {
	return &Table{
		ID:       d.uint("table ID", math.MaxUint64),
		Size:     int64(d.uint("table size", math.MaxInt64)),
		Smallest: d.key("smallest key"),
		Largest:  d.key("largest key"),
		MinSeq:   d.seq("min LSN"),
		MaxSeq:   d.seq("max LSN"),
		Entries:  d.uint("entries", math.MaxUint64),
		Deletes:  d.uint("deletes", math.MaxUint64),
	}
}

// swept reads Swept of the table added last.
func (d *decoder) swept(e *Edit) {
	if len(e.Added) == 0 {
		d.fail("tag", "%d, want it behind a table that is added", tagSwept)
		return
	}
	e.Added[len(e.Added)-1].Table.Swept = d.seq("swept LSN")
}

// rangeDelete reads a range delete. An end of no bytes stands for none.
func (d *decoder) rangeDelete() rangedel.Range {
	r := rangedel.Range{Seq: d.seq("LSN of a range delete"), Start: d.key("start of a range delete"), End: d.key("end of a range delete")}
	switch {
	case len(r.End) == 0:
		r.End = nil
	case bytes.Compare(r.Start, r.End) >= 0:
		d.fail("range delete", "empty: %q to %q", r.Start, r.End)
	}
	return r
}

func (d *decoder) fail(what, format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: edit of %d bytes, byte %d: %s is %s",
			kv.ErrCorrupt, len(d.data), d.at, what, fmt.Sprintf(format, args...))
	}
	d.at = len(d.data)
}

func (d *decoder) byte(what string) byte {
	if d.at >= len(d.data) {
		d.fail(what, "missing")
		return 0
	}
	d.at++
	return d.data[d.at-1]
}

func (d *decoder) level() int {
	level := d.byte("level")
	if level >= NumLevels {
		d.fail("level", "%d, want less than %d", level, NumLevels)
		return 0
	}
	return int(level)
}

// uint reads a varint, which must not exceed limit. what names it in errors.
func (d *decoder) uint(what string, limit uint64) uint64 {
	n, w := binary.Uvarint(d.data[d.at:])
	if w <= 0 {
		d.fail(what, "cut off or over 64 bits")
		return 0
	}
	if n > limit {
		d.fail(what, "%d, want at most %d", n, limit)
		return 0
	}
	d.at += w
	return n
}

func (d *decoder) fixed(what string) uint64 {
	if len(d.data)-d.at < 8 {
		d.fail(what, "%d bytes long, want 8", len(d.data)-d.at)
		return 0
	}
	d.at += 8
	return binary.LittleEndian.Uint64(d.data[d.at-8:])
}

func (d *decoder) seq(what string) ikey.Seq { return ikey.Seq(d.uint(what, uint64(ikey.MaxSeq))) }

// key reads a length and that many bytes, as a copy.
func (d *decoder) key(what string) []byte {
	n := int(d.uint(what+" size", kv.MaxKeySize))
	if n > len(d.data)-d.at {
		d.fail(what, "%d bytes long, of which %d are there", n, len(d.data)-d.at)
		return nil
	}
	key := append([]byte{}, d.data[d.at:d.at+n]...)
	d.at += n
	return key
}

package consensus

import (
	"encoding/binary"
	"fmt"

	"lsmlab/engines/kv"
)

// The encodings below are those of stores and of the wire; numbers are uleb128:
//
//	entry    | term | index | kind 1 | length | data |
//	members  | count, numbers | of voters, learners, outgoing voters, next learners | auto leave 1 |
//	point    | index | term | members |
//	message  | type 1 | flags 1 | to | from | term | log term | index | commit | reject hint |
//	         | count, entries | length, context | point, if flags has 2 |
//
// Flags of a message are 1, rejected, and 2, with a snapshot's point.

// AppendEntry appends the encoding of e.
func AppendEntry(dst []byte, e *Entry) []byte {
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, e.Term), e.Index)
	return AppendBytes(append(dst, byte(e.Kind)), e.Data)
}

// AppendPoint appends the encoding of p.
func AppendPoint(dst []byte, p *Point) []byte {
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, p.Index), p.Term)
	for _, list := range [][]uint64{p.Members.Voters, p.Members.Learners, p.Members.VotersOutgoing, p.Members.LearnersNext} {
		dst = binary.AppendUvarint(dst, uint64(len(list)))
		for _, id := range list {
			dst = binary.AppendUvarint(dst, id)
		}
	}
	return append(dst, flag(p.Members.AutoLeave, 1))
}

const (
	flagReject   = 1
	flagSnapshot = 2
)

func flag(set bool, bit byte) byte {
	if set {
		return bit
	}
	return 0
}

// AppendBytes appends a field with its length, which [Decoder.Bytes] reads.
func AppendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// AppendMessage appends the encoding of m.
func AppendMessage(dst []byte, m *Message) []byte {
	dst = append(dst, byte(m.Type), flag(m.Reject, flagReject)|flag(m.Snapshot != nil, flagSnapshot))
	for _, n := range [...]uint64{m.To, m.From, m.Term, m.LogTerm, m.Index, m.Commit, m.RejectHint, uint64(len(m.Entries))} {
		dst = binary.AppendUvarint(dst, n)
	}
	for i := range m.Entries {
		dst = AppendEntry(dst, &m.Entries[i])
	}
	dst = AppendBytes(dst, m.Context)
	if m.Snapshot != nil {
		dst = AppendPoint(dst, m.Snapshot)
	}
	return dst
}

// Decoder reads encodings one after the other. After the first damage all reads return
// zeros; Err says what it was. Slices that it returns are views of its input.
type Decoder struct {
	rest []byte
	size int
	err  error
}

// NewDecoder returns a reader of b.
func NewDecoder(b []byte) *Decoder { return &Decoder{rest: b, size: len(b)} }

// Err returns the first damage, which wraps [kv.ErrCorrupt], or nil.
func (d *Decoder) Err() error { return d.err }

// End returns Err, or an error if there is more to read.
func (d *Decoder) End() error {
	if d.err == nil && len(d.rest) > 0 {
		d.Fail("%d bytes more than expected", len(d.rest))
	}
	return d.err
}

// Fail notes damage that the caller has found at the place of the decoder.
func (d *Decoder) Fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: at byte %d of %d: %s", kv.ErrCorrupt, d.size-len(d.rest), d.size, fmt.Sprintf(format, args...))
	}
	d.rest = nil
}

// Uint reads a number.
func (d *Decoder) Uint() uint64 {
	n, w := binary.Uvarint(d.rest)
	if w <= 0 {
		d.Fail("a number runs over the end")
		return 0
	}
	d.rest = d.rest[w:]
	return n
}

// Byte reads a byte.
func (d *Decoder) Byte() byte {
	if len(d.rest) == 0 {
		d.Fail("a byte is missing")
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

// Bytes reads a field with its length; nil if that is 0.
func (d *Decoder) Bytes() []byte {
	n := d.Uint()
	if n > uint64(len(d.rest)) {
		d.Fail("a field of %d bytes, %d are left", n, len(d.rest))
		return nil
	}
	if n == 0 {
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

// count reads how many things follow, of at least one byte each.
func (d *Decoder) count() int {
	n := d.Uint()
	if n > uint64(len(d.rest)) {
		d.Fail("a list of %d, %d bytes are left", n, len(d.rest))
		return 0
	}
	return int(n)
}

// Entry reads an entry.
func (d *Decoder) Entry() Entry {
	e := Entry{Term: d.Uint(), Index: d.Uint(), Kind: EntryKind(d.Byte()), Data: d.Bytes()}
	if e.Kind > ChangeV2 {
		d.Fail("entry kind %d, want at most %d", e.Kind, ChangeV2)
	}
	return e
}

// Point reads a point.
func (d *Decoder) Point() Point {
	p := Point{Index: d.Uint(), Term: d.Uint()}
	for _, list := range []*[]uint64{&p.Members.Voters, &p.Members.Learners, &p.Members.VotersOutgoing, &p.Members.LearnersNext} {
		for range d.count() {
			*list = append(*list, d.Uint())
		}
	}
	p.Members.AutoLeave = d.Byte() != 0
	return p
}

// Message reads a message.
func (d *Decoder) Message() *Message {
	m := &Message{Type: MessageType(d.Byte())}
	flags := d.Byte()
	m.Reject = flags&flagReject != 0
	for _, n := range []*uint64{&m.To, &m.From, &m.Term, &m.LogTerm, &m.Index, &m.Commit, &m.RejectHint} {
		*n = d.Uint()
	}
	for range d.count() {
		m.Entries = append(m.Entries, d.Entry())
	}
	m.Context = d.Bytes()
	if flags&flagSnapshot != 0 {
		p := d.Point()
		m.Snapshot = &p
	}
	return m
}

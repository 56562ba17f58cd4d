package wal

import (
	"encoding/binary"

	"lsmlab/engines/lsm/ikey"
)

// scanner finds the records of one segment in the order of their place, which
// is the order of their LSNs. After damage it goes on at the next bytes that
// are a record, searching byte by byte, because the length that would lead
// there may be what is damaged.
//
// Its errors are bounded, its memory is none: a record is a view of data.
type scanner struct {
	data   []byte
	number uint64   // of the segment
	off    int64    // where the next record is expected
	after  ikey.Seq // of the last record found, or of what lies before the first
}

// next returns the next record and the offset at which it begins. If damage is
// not sound, the bytes between the expected offset and that one are no record,
// for the reason given. ok is false when no record follows; s.off is then the
// end of the last one, and damage says why what is there is none.
func (s *scanner) next() (r record, at int64, damage fault, ok bool) {
	for at = s.off; at <= int64(len(s.data)); at++ {
		r, wrong := parseRecord(s.data[at:], s.number, s.after)
		if wrong.kind == faultNone {
			s.off, s.after = at+r.size, r.last()
			return r, at, damage, true
		}
		if damage.kind == faultNone {
			damage = wrong
		}
		if wrong.kind == faultShort {
			break
		}
		if wrong.kind == faultLength && wrong.found == 0 {
			at += skippable(s.data[at:])
		}
	}
	return record{}, s.off, damage, false
}

// skippable returns how many bytes after the first one of b, where a length of
// 0 was found, cannot begin a record either: no length is 0, so at least one of
// the bytes that hold it is not. The unused rest of a preallocated segment, up
// to 16 MiB of zeros, is passed so.
func skippable(b []byte) int64 {
	const lengthEnd = 12 // the four bytes before it are zeros
	n := lengthEnd
	for n+8 <= len(b) && binary.LittleEndian.Uint64(b[n:]) == 0 {
		n += 8
	}
	for n < len(b) && b[n] == 0 {
		n++
	}
	return int64(n - lengthEnd) // b[n] is the first byte that can end a length
}

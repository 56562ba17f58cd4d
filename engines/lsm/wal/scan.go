package wal

import (
	"encoding/binary"

	"lsmlab/engines/lsm/ikey"
)

// scanner finds the records of one segment in the order of their offsets, which is also
// the order of their LSNs. It allocates nothing: a record is a view of data.
//
// Its work is linear in len(data), whatever data holds. A record is hashed only if its
// head is right. Bytes that are no record of this segment at this offset pass that
// check with odds of 2^-32, because their author does not know the log's secret, and
// the segment's own records do not overlap. Format 1 has no heads: there a record is
// hashed if its LSN fits, so bytes that were chosen to look like records can make the
// work quadratic.
type scanner struct {
	layout

	data   []byte
	off    int64    // the offset at which the next record is expected
	after  ikey.Seq // the last LSN of the last record found, or of the log before the first record
	blind  bool     // the LSN before the first record is not known, and after is only a lower bound
	hashed int64    // bytes of records that were hashed
}

// here returns the record at the expected offset, or says why there is none.
func (s *scanner) here() (r record, wrong fault) { return s.try(s.off) }

// search returns the first record behind the expected offset, where there is none, and
// the offset at which that record begins. It looks at every byte, because the damaged
// bytes may be the length that would lead to the next record.
func (s *scanner) search() (r record, at int64, ok bool) {
	fixed := s.fixed()
	for at = s.off + 1; at+prefixSize+fixed <= int64(len(s.data)); at++ {
		length := int64(binary.LittleEndian.Uint32(s.data[at+prefixSize-4:]))
		switch {
		case length == 0:
			at += skippable(s.data[at:])
		case length >= fixed && at+prefixSize+length <= int64(len(s.data)):
			if r, wrong := s.try(at); wrong.kind == faultNone {
				return r, at, true
			}
		}
	}
	return r, 0, false
}

// try reads the record at an offset. If there is one, the scanner expects the next
// record behind it. LSNs are dense and an operation takes at least one byte, so the
// number of bytes passed over limits the LSN with which the record can begin.
func (s *scanner) try(at int64) (r record, wrong fault) {
	upTo := min(s.after+1+ikey.Seq(at-s.off), ikey.MaxSeq)
	if s.blind {
		upTo = ikey.MaxSeq
	}
	r, wrong = s.parse(s.data[at:], at, s.after, upTo)
	s.hashed += r.size + wrong.hashed
	if wrong.kind == faultNone {
		s.off, s.after, s.blind = at+r.size, r.last(), false
	}
	return r, wrong
}

// skippable returns how many bytes after the first one of b cannot begin a record
// either. A length of 0 was found at the first byte. No length is 0, so at least one of
// the bytes that hold a length is not 0. In this way the unused rest of a preallocated
// segment, up to 16 MiB of zeros, is passed quickly.
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

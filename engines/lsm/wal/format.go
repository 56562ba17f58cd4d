package wal

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"lsmlab/engines/internal/planted"
	"lsmlab/engines/lsm/ikey"
)

// Part of the disk format; do not change.
const (
	magic      uint32 = 0x4c41576c // "lWAL" in the file
	version    uint32 = 1
	headerSize        = 40 // bytes of a segment's header
	prefixSize        = 12 // checksum and length of a record
	fixedSize         = 16 // of a payload: first LSN, count, lag
	recordSize        = prefixSize + fixedSize
	markSize          = recordSize // an end mark is a record without operations
	suffix            = ".wal"
)

// header is the beginning of a segment.
type header struct {
	number  uint64   // the segment's; also its name
	after   ikey.Seq // every LSN in the segment is greater
	durable ikey.Seq // every LSN up to it was synced when this was written
}

// record is one record as read. Its ops are a view.
type record struct {
	first   ikey.Seq
	count   uint32   // 0 for an end mark
	durable ikey.Seq // every LSN up to it was synced when this was written
	ops     []byte
	size    int64 // bytes on disk
}

// last is the LSN of the record's last operation; for a mark, the one before.
func (r *record) last() ikey.Seq { return r.first + ikey.Seq(r.count) - 1 }

func segmentName(number uint64) string { return fmt.Sprintf("%06d%s", number, suffix) }

// parseName is the inverse of segmentName. Other spellings of a number are not
// ours: two files may never stand for one segment.
func parseName(name string) (number uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return 0, false
	}
	number, err := strconv.ParseUint(digits, 10, 64)
	return number, err == nil && segmentName(number) == name
}

func putHeader(b []byte, h header) {
	binary.LittleEndian.PutUint32(b[8:], magic)
	binary.LittleEndian.PutUint32(b[12:], version)
	binary.LittleEndian.PutUint64(b[16:], h.number)
	binary.LittleEndian.PutUint64(b[24:], uint64(h.after))
	binary.LittleEndian.PutUint64(b[32:], uint64(h.durable))
	binary.LittleEndian.PutUint64(b, xxhash.Sum64(b[8:headerSize]))
}

// parseHeader reads the header of the segment called number, or says what is
// wrong with it.
func parseHeader(b []byte, number uint64) (h header, wrong string) {
	if len(b) < headerSize {
		return h, fmt.Sprintf("%d bytes, a header has %d", len(b), headerSize)
	}
	if found, want := binary.LittleEndian.Uint64(b), xxhash.Sum64(b[8:headerSize]); found != want {
		return h, fmt.Sprintf("header checksum %016x, want %016x", found, want)
	}
	if found := binary.LittleEndian.Uint32(b[8:]); found != magic {
		return h, fmt.Sprintf("magic %08x, want %08x", found, magic)
	}
	if found := binary.LittleEndian.Uint32(b[12:]); found != version {
		return h, fmt.Sprintf("format version %d, want %d", found, version)
	}
	h = header{
		number:  binary.LittleEndian.Uint64(b[16:]),
		after:   ikey.Seq(binary.LittleEndian.Uint64(b[24:])),
		durable: ikey.Seq(binary.LittleEndian.Uint64(b[32:])),
	}
	switch {
	case h.number != number:
		return h, fmt.Sprintf("header of segment %d", h.number)
	case h.durable > h.after || h.after >= ikey.MaxSeq:
		return h, fmt.Sprintf("header with durable LSN %d and LSN %d before it", h.durable, h.after)
	}
	return h, ""
}

// putRecord writes a record of the segment called number to b, which has room
// for it, and returns its size in bytes. count 0 makes an end mark.
func putRecord(b []byte, number uint64, first ikey.Seq, count int, durable ikey.Seq, ops []byte) int {
	size := recordSize + len(ops)
	putFixed(b, first, count, durable, ops)
	copy(b[recordSize:], ops)
	binary.LittleEndian.PutUint64(b, recordSum(b[:size], number))
	return size
}

// putFixed writes what a record has before its operations, but for the checksum.
func putFixed(b []byte, first ikey.Seq, count int, durable ikey.Seq, ops []byte) {
	lag := min(uint64(first-1-durable), 1<<32-1) // saturates: a weaker claim, still true
	binary.LittleEndian.PutUint32(b[8:], uint32(fixedSize+len(ops)))
	binary.LittleEndian.PutUint64(b[12:], uint64(first))
	binary.LittleEndian.PutUint32(b[20:], uint32(count))
	binary.LittleEndian.PutUint32(b[24:], uint32(lag))
}

// parseRecord reads the record at the start of b, the rest of the segment
// called number, or says what is wrong with it. An LSN up to `after` is wrong.
// Cheap checks come first, so that a search for records is fast.
func parseRecord(b []byte, number uint64, after ikey.Seq) (r record, wrong fault) {
	if len(b) < recordSize {
		return r, fault{kind: faultShort, found: uint64(len(b)), want: recordSize}
	}
	length := uint64(binary.LittleEndian.Uint32(b[8:]))
	if length < fixedSize || length > uint64(len(b)-prefixSize) {
		return r, fault{kind: faultLength, found: length, want: uint64(len(b) - prefixSize)}
	}
	b = b[:prefixSize+length]
	first := binary.LittleEndian.Uint64(b[12:])
	count := uint64(binary.LittleEndian.Uint32(b[20:]))
	lag := uint64(binary.LittleEndian.Uint32(b[24:]))
	ops := b[recordSize:]
	if lag >= first || count > uint64(len(ops)) || (count == 0) != (len(ops) == 0) ||
		first > uint64(ikey.MaxSeq)-count || first <= uint64(after) {
		// Of a writer of ours only a record from an earlier life of the file
		// has these, so the checksum would be wrong too.
		return r, fault{kind: faultLSN, found: first, want: uint64(after) + 1}
	}
	if found, want := binary.LittleEndian.Uint64(b), recordSum(b, number); found != want && !planted.Is(planted.ChecksumSkipped) {
		return r, fault{kind: faultChecksum, found: found, want: want}
	}
	return record{
		first: ikey.Seq(first), count: uint32(count), durable: ikey.Seq(first - 1 - lag),
		ops: ops, size: int64(len(b)),
	}, fault{}
}

// recordSum is the checksum of a whole record in the segment called number.
// Mixing the number in by a bijection makes the sums of one record in two
// segments differ for certain, not only probably.
func recordSum(b []byte, number uint64) uint64 {
	return xxhash.Sum64(b[8:]) ^ mix(number)
}

// mix is the finalizer of splitmix64 (Steele, Lea, Flood, "Fast splittable
// pseudorandom number generators", 2014), a bijection.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// fault says why bytes are no record, without the cost of a message: a search
// for records meets one at each byte.
type fault struct {
	kind        faultKind
	found, want uint64
}

type faultKind uint8

const (
	faultNone faultKind = iota
	faultShort
	faultLength
	faultLSN
	faultChecksum
)

func (f fault) String() string {
	switch f.kind {
	case faultShort:
		return fmt.Sprintf("%d bytes left, a record has at least %d", f.found, f.want)
	case faultLength:
		return fmt.Sprintf("record length %d, want %d to %d", f.found, fixedSize, f.want)
	case faultLSN:
		return fmt.Sprintf("record of LSN %d, want %d", f.found, f.want)
	case faultChecksum:
		return fmt.Sprintf("record checksum %016x, want %016x", f.found, f.want)
	}
	return "sound"
}

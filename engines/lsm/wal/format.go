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
	version    uint32 = 2
	versionOld uint32 = 1  // of the segments of epoch 0: read, never written
	headerSize        = 40 // bytes of a segment's header
	prefixSize        = 12 // checksum and length of a record
	fixedSize         = 20 // of a payload: first LSN, count, lag, head
	recordSize        = prefixSize + fixedSize
	markSize          = recordSize // an end mark is a record without operations
	oldFixed          = 16         // fixedSize in format 1: no head
	suffix            = ".wal"

	// The low epochBits of a segment's number count the segments of one epoch.
	epochBits = 32
)

// header is the beginning of a segment.
type header struct {
	after   ikey.Seq // every LSN in the segment is greater
	durable ikey.Seq // every LSN up to it was synced when the header was written
}

// record is one record as read from a segment. Its ops are a view of the segment's
// bytes.
type record struct {
	first   ikey.Seq
	count   uint32   // 0 for an end mark
	durable ikey.Seq // every LSN up to it was synced when the record was written
	ops     []byte
	size    int64 // bytes on disk
}

// last is the LSN of the record's last operation. For an end mark, it is the LSN before
// first.
func (r *record) last() ikey.Seq { return r.first + ikey.Seq(r.count) - 1 }

// segmentName returns the name of the file of segment number: its epoch, if it has one,
// and its index within that epoch.
func segmentName(number uint64) string {
	if epoch := number >> epochBits; epoch > 0 {
		return fmt.Sprintf("%06d-%06d%s", epoch, number&(1<<epochBits-1), suffix)
	}
	return fmt.Sprintf("%06d%s", number, suffix)
}

// parseName is the inverse of segmentName. It refuses other spellings of a number, so
// that two files never stand for one segment.
func parseName(name string) (number uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return 0, false
	}
	if epoch, index, found := strings.Cut(digits, "-"); found {
		e, err := strconv.ParseUint(epoch, 10, epochBits)
		if err != nil {
			return 0, false
		}
		number, digits = e<<epochBits, index
	}
	index, err := strconv.ParseUint(digits, 10, epochBits)
	number |= index
	return number, err == nil && segmentName(number) == name
}

// layout is how the header and the records of one segment are encoded. A record that
// was written to another segment, or to another offset of this one, does not pass its
// checks.
type layout struct {
	number uint64 // of the segment
	key    uint64 // the checksums depend on it, and on the bytes that they cover
	old    bool   // format 1
}

// newLayout returns the layout of segment number in a log with the given secret. No two
// segments of a log have the same key, because mix is a bijection.
func newLayout(secret, number uint64) layout {
	if number < 1<<epochBits {
		return layout{number: number, old: true}
	}
	return layout{number: number, key: mix(secret + number)}
}

// fixed returns how many bytes of a payload precede its operations.
func (l layout) fixed() int64 {
	if l.old {
		return oldFixed
	}
	return fixedSize
}

// IsSegment says whether a file that begins with these bytes looks like a segment, of any
// version, whose header need not be whole: for those who look for segments on a disk.
func IsSegment(start []byte) bool {
	return len(start) >= 12 && binary.LittleEndian.Uint32(start[8:]) == magic
}

// putHeader encodes h into the first headerSize bytes of b.
func (l layout) putHeader(b []byte, h header) {
	binary.LittleEndian.PutUint32(b[8:], magic)
	binary.LittleEndian.PutUint32(b[12:], version)
	binary.LittleEndian.PutUint64(b[16:], l.number)
	binary.LittleEndian.PutUint64(b[24:], uint64(h.after))
	binary.LittleEndian.PutUint64(b[32:], uint64(h.durable))
	binary.LittleEndian.PutUint64(b, xxhash.Sum64(b[8:headerSize])^l.key)
}

// parseHeader decodes the header of the segment, or says what is wrong with it.
func (l layout) parseHeader(b []byte) (h header, wrong string) {
	if len(b) < headerSize {
		return h, fmt.Sprintf("%d bytes, a header has %d", len(b), headerSize)
	}
	want := version
	if l.old {
		want = versionOld
	}
	if found, want := binary.LittleEndian.Uint64(b), xxhash.Sum64(b[8:headerSize])^l.key; found != want {
		return h, fmt.Sprintf("header checksum %016x, want %016x", found, want)
	}
	if found := binary.LittleEndian.Uint32(b[8:]); found != magic {
		return h, fmt.Sprintf("magic %08x, want %08x", found, magic)
	}
	if found := binary.LittleEndian.Uint32(b[12:]); found != want {
		return h, fmt.Sprintf("format version %d, want %d", found, want)
	}
	if found := binary.LittleEndian.Uint64(b[16:]); found != l.number {
		return h, fmt.Sprintf("header of segment %s", segmentName(found))
	}
	h = header{
		after:   ikey.Seq(binary.LittleEndian.Uint64(b[24:])),
		durable: ikey.Seq(binary.LittleEndian.Uint64(b[32:])),
	}
	if h.durable > h.after || h.after >= ikey.MaxSeq {
		return h, fmt.Sprintf("header with durable LSN %d and LSN %d before it", h.durable, h.after)
	}
	return h, ""
}

// putRecord encodes the record that begins at offset `at` of the segment into b, which
// must have room for it. A count of 0 makes an end mark.
func (l layout) putRecord(b []byte, at int64, first ikey.Seq, count int, durable ikey.Seq, ops []byte) {
	l.putFixed(b, at, first, count, durable, ops)
	copy(b[recordSize:], ops)
	binary.LittleEndian.PutUint64(b, l.sum(xxhash.Sum64(b[8:recordSize+len(ops)]), at))
}

// putFixed encodes all that precedes the operations of a record, except the checksum.
func (l layout) putFixed(b []byte, at int64, first ikey.Seq, count int, durable ikey.Seq, ops []byte) {
	lag := min(uint64(first-1-durable), 1<<32-1) // a lag that saturates is a weaker claim, which is still true
	binary.LittleEndian.PutUint32(b[8:], uint32(fixedSize+len(ops)))
	binary.LittleEndian.PutUint64(b[12:], uint64(first))
	binary.LittleEndian.PutUint32(b[20:], uint32(count))
	binary.LittleEndian.PutUint32(b[24:], uint32(lag))
	binary.LittleEndian.PutUint32(b[28:], l.head(b, at))
}

// head returns the check of the record at offset `at` that covers the fields before the
// check itself. Nobody can compute it who does not know the log's secret.
func (l layout) head(b []byte, at int64) uint32 { return uint32(l.sum(xxhash.Sum64(b[8:28]), at)) }

// sum turns the hash of bytes at offset `at` of the segment into a check that depends
// on their place too.
func (l layout) sum(hash uint64, at int64) uint64 {
	if l.old {
		return hash ^ mix(l.number)
	}
	return hash ^ mix(l.key+uint64(at))
}

// parse decodes the record at the start of b, or says what is wrong with it. b holds
// the bytes of the segment from offset `at` on. The first LSN of the record must be in
// (after, upTo]. Checks of a few bytes come first, so that a search for records is
// fast: only bytes that pass them are hashed.
func (l layout) parse(b []byte, at int64, after, upTo ikey.Seq) (r record, wrong fault) {
	fixed := l.fixed()
	if int64(len(b)) < prefixSize+fixed {
		return r, fault{kind: faultShort, found: uint64(len(b)), want: uint64(prefixSize + fixed)}
	}
	length := uint64(binary.LittleEndian.Uint32(b[8:]))
	if length < uint64(fixed) || length > uint64(len(b)-prefixSize) {
		return r, fault{kind: faultLength, found: length, want: uint64(len(b) - prefixSize)}
	}
	b = b[:prefixSize+length]
	first := binary.LittleEndian.Uint64(b[12:])
	count := uint64(binary.LittleEndian.Uint32(b[20:]))
	lag := uint64(binary.LittleEndian.Uint32(b[24:]))
	ops := b[prefixSize+fixed:]
	if lag >= first || count > uint64(len(ops)) || (count == 0) != (len(ops) == 0) ||
		first > uint64(ikey.MaxSeq)-count || first <= uint64(after) || first > uint64(upTo) {
		return r, fault{kind: faultLSN, found: first, want: uint64(after) + 1}
	}
	if !l.old {
		if found, want := binary.LittleEndian.Uint32(b[28:]), l.head(b, at); found != want {
			return r, fault{kind: faultHead, found: uint64(found), want: uint64(want)}
		}
	}
	if found, want := binary.LittleEndian.Uint64(b), l.sum(xxhash.Sum64(b[8:]), at); found != want && !planted.Is(planted.ChecksumSkipped) {
		return r, fault{kind: faultChecksum, found: found, want: want, hashed: int64(len(b))}
	}
	return record{
		first: ikey.Seq(first), count: uint32(count), durable: ikey.Seq(first - 1 - lag),
		ops: ops, size: int64(len(b)),
	}, fault{}
}

// mix is the finalizer of splitmix64, a bijection (Steele, Lea, Flood, "Fast splittable
// pseudorandom number generators", 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// fault says why bytes are no record. It costs no message: a search for records meets
// one at each byte.
type fault struct {
	kind        faultKind
	found, want uint64
	hashed      int64 // bytes that had to be hashed before the fault was found
}

type faultKind uint8

const (
	faultNone faultKind = iota
	faultShort
	faultLength
	faultLSN
	faultHead
	faultChecksum
)

// String returns the fault as a sentence for error messages, with what was found and
// expected.
func (f fault) String() string {
	switch f.kind {
	case faultShort:
		return fmt.Sprintf("%d bytes left, a record has at least %d", f.found, f.want)
	case faultLength:
		return fmt.Sprintf("record length %d, want %d at least and %d at most", f.found, oldFixed, f.want)
	case faultLSN:
		return fmt.Sprintf("record of LSN %d, want %d", f.found, f.want)
	case faultHead:
		return fmt.Sprintf("record head %08x, want %08x", f.found, f.want)
	case faultChecksum:
		return fmt.Sprintf("record checksum %016x, want %016x", f.found, f.want)
	}
	return "sound"
}

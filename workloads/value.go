package workloads

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrWrongValue says that a value was read that was never written to its key.
var ErrWrongValue = errors.New("wrong value")

// A value describes itself: all of its bytes follow from its key's index and from its
// own first bytes.
//
//	| index 8 | version 4 | size mod 2^24, 3 | repeat 1 | body |   16 bytes and more
//	| index 8 | body |                                             8 to 15 bytes
//	| body |                                                       up to 7 bytes
//
// All numbers are little-endian. The body of a shorter value follows from the index
// alone. So short values tell keys apart (except empty ones), but not versions. Body
// word i is
//
//	w(i) = y ^ y>>32   with   y = (seed + i*odd) * odd'
//
// which costs one addition from word to word. The last repeat/256 of the body repeat
// its beginning, for compressors.
const (
	valueHeader  = 16 // bytes
	indexSize    = 8  // bytes; the shortest value that has its index
	repeatWhole  = 256
	bodyMultiply = 0xd6e8feb86659fd93
	bodyStep     = 0x9e3779b97f4a7c15 * bodyMultiply & math.MaxUint64 // of y
	bodyStep2    = 2 * bodyStep & math.MaxUint64
	bodyStep3    = 3 * bodyStep & math.MaxUint64
	bodyStep4    = 4 * bodyStep & math.MaxUint64
	indexStep    = 0xd1342543de82ef95
	shortSeed    = 0x5851f42d4c957f2d
)

// AppendValue appends a value of size bytes for a key index to dst. Equal arguments
// give equal bytes. repeat/256 of the body can be compressed away. With 0, the value is
// incompressible, except for its header.
func AppendValue(dst []byte, index uint64, version uint32, size int, repeat uint8) []byte {
	start := len(dst)
	if cap(dst)-start < size { // avoids a call of Grow
		dst = slices.Grow(dst, size)
	}
	dst = dst[:start+size]
	v := dst[start:]
	if size < valueHeader {
		at := 0
		if size >= indexSize {
			binary.LittleEndian.PutUint64(v, index)
			at = indexSize
		}
		fillBody(v[at:], seedOf(index, shortSeed))
		return dst
	}
	tag := uint64(version) | uint64(size)<<32&0xffffff_00000000 | uint64(repeat)<<56
	binary.LittleEndian.PutUint64(v, index)
	binary.LittleEndian.PutUint64(v[8:], tag)
	body := v[valueHeader:]
	if seed := seedOf(index, tag); repeat == 0 {
		fillBody(body, seed)
	} else {
		fillRepeating(body, seed, repeat)
	}
	return dst
}

// CheckValue returns nil if value, in any version, was written to the key of index.
// Otherwise the error wraps [ErrWrongValue] and says what is wrong and where. size is
// the size of the workload's values.
func CheckValue(value []byte, index uint64, size int) error {
	if len(value) != size {
		return sizeError(value, index, size)
	}
	if size < valueHeader {
		return checkShort(value, index)
	}
	tag := binary.LittleEndian.Uint64(value[8:])
	if binary.LittleEndian.Uint64(value) != index || tag>>32&0xffffff != uint64(size)&0xffffff {
		return headerError(value, index)
	}
	body := value[valueHeader:]
	if repeat := uint8(tag >> 56); repeat != 0 {
		fresh := freshBytes(len(body), repeat)
		if fresh < len(body) && !bytes.Equal(body[fresh:], body[:len(body)-fresh]) {
			return bodyError(value, index)
		}
		body = body[:fresh]
	}
	if !checkBody(body, seedOf(index, tag)) {
		return bodyError(value, index)
	}
	return nil
}

// valueIndex returns the key index in a value. It returns false if the value is shorter
// than 8 bytes.
func valueIndex(value []byte) (index uint64, ok bool) {
	if len(value) < indexSize {
		return 0, false
	}
	return binary.LittleEndian.Uint64(value), true
}

// ValueVersion returns the version in a value. It returns false if the value is shorter
// than 16 bytes.
func ValueVersion(value []byte) (version uint32, ok bool) {
	if len(value) < valueHeader {
		return 0, false
	}
	return binary.LittleEndian.Uint32(value[8:]), true
}

func seedOf(index, tag uint64) uint64 { return index*indexStep ^ tag*bodyMultiply }

// freshBytes returns how many bytes of a body are not repetition; at least one word.
func freshBytes(body int, repeat uint8) int {
	return min(body, max(8, body-body*int(repeat)/repeatWhole))
}

// fillRepeating fills a body of which repeat/256 repeat its beginning.
func fillRepeating(body []byte, seed uint64, repeat uint8) {
	fresh := freshBytes(len(body), repeat)
	fillBody(body[:fresh], seed)
	for at := fresh; at < len(body); at += fresh {
		copy(body[at:], body[:fresh])
	}
}

func bodyWord(y uint64) uint64 { return y ^ y>>32 }

// fillBody fills v with the body of seed.
func fillBody(v []byte, seed uint64) {
	y := seed * bodyMultiply
	for ; len(v) >= 32; v = v[32:] {
		b := (*[32]byte)(v)
		binary.LittleEndian.PutUint64(b[0:], bodyWord(y))
		binary.LittleEndian.PutUint64(b[8:], bodyWord(y+bodyStep))
		binary.LittleEndian.PutUint64(b[16:], bodyWord(y+bodyStep2))
		binary.LittleEndian.PutUint64(b[24:], bodyWord(y+bodyStep3))
		y += bodyStep4
	}
	for ; len(v) >= 8; v = v[8:] {
		binary.LittleEndian.PutUint64(v, bodyWord(y))
		y += bodyStep
	}
	if len(v) > 0 {
		putTail(v, bodyWord(y))
	}
}

// checkBody says whether v is what fillBody writes.
func checkBody(v []byte, seed uint64) bool {
	y := seed * bodyMultiply
	var differ uint64
	for ; len(v) >= 32; v = v[32:] {
		b := (*[32]byte)(v)
		differ |= binary.LittleEndian.Uint64(b[0:]) ^ bodyWord(y)
		differ |= binary.LittleEndian.Uint64(b[8:]) ^ bodyWord(y+bodyStep)
		differ |= binary.LittleEndian.Uint64(b[16:]) ^ bodyWord(y+bodyStep2)
		differ |= binary.LittleEndian.Uint64(b[24:]) ^ bodyWord(y+bodyStep3)
		y += bodyStep4
	}
	for ; len(v) >= 8; v = v[8:] {
		differ |= binary.LittleEndian.Uint64(v) ^ bodyWord(y)
		y += bodyStep
	}
	if len(v) > 0 {
		differ |= (tailWord(v) ^ bodyWord(y)) << (64 - 8*len(v))
	}
	return differ == 0
}

// putTail fills v, 1 to 7 bytes, with the first of a little-endian word.
func putTail(v []byte, w uint64) {
	if len(v) >= 4 {
		// Two halves that may overlap.
		binary.LittleEndian.PutUint32(v, uint32(w))
		binary.LittleEndian.PutUint32(v[len(v)-4:], uint32(w>>(8*len(v)-32)))
		return
	}
	for i := range v {
		v[i] = byte(w)
		w >>= 8
	}
}

// tailWord reads 1 to 7 bytes as a little-endian word.
func tailWord(v []byte) (w uint64) {
	if len(v) >= 4 {
		// Two halves that may overlap.
		return uint64(binary.LittleEndian.Uint32(v)) |
			uint64(binary.LittleEndian.Uint32(v[len(v)-4:]))<<(8*len(v)-32)
	}
	for i := len(v) - 1; i >= 0; i-- {
		w = w<<8 | uint64(v[i])
	}
	return w
}

func checkShort(value []byte, index uint64) error {
	body := value
	if len(value) >= indexSize {
		if binary.LittleEndian.Uint64(value) != index {
			return headerError(value, index)
		}
		body = value[indexSize:]
	}
	if !checkBody(body, seedOf(index, shortSeed)) {
		return bodyError(value, index)
	}
	return nil
}

func sizeError(value []byte, index uint64, size int) error {
	return fmt.Errorf("%w for key index %d: %d bytes, want %d", ErrWrongValue, index, len(value), size)
}

func headerError(value []byte, index uint64) error {
	if got := binary.LittleEndian.Uint64(value); got != index {
		return fmt.Errorf("%w for key index %d: offset 0: it belongs to index %d", ErrWrongValue, index, got)
	}
	return fmt.Errorf("%w for key index %d: offset 12: header says %d bytes (mod 2^24), found %d",
		ErrWrongValue, index, binary.LittleEndian.Uint32(value[12:])&0xffffff, len(value))
}

// bodyError finds the first byte that differs from the value that the header describes.
func bodyError(value []byte, index uint64) error {
	version, _ := ValueVersion(value)
	var repeat uint8
	if len(value) >= valueHeader {
		repeat = value[15]
	}
	want := AppendValue(nil, index, version, len(value), repeat)
	at := 0
	for at < len(value)-1 && value[at] == want[at] {
		at++
	}
	end := min(at+8, len(value))
	return fmt.Errorf("%w for key index %d version %d: offset %d of %d: found % x, want % x",
		ErrWrongValue, index, version, at, len(value), value[at:end], want[at:end])
}

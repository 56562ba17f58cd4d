package skiplist

import (
	"bytes"
	"math/bits"
	"slices"
)

// abbreviator maps keys to 32-bit numbers such that of(a) < of(b) implies a < b, for
// all keys. Equal numbers say nothing. It is chosen from a sample, so that keys like
// those of the sample rarely get equal numbers.
//
// The number has a mixed radix. Behind the prefix that the whole sample shares,
// position i takes values in [low, low+radix). That range has the bytes that the sample
// shows there, and some more. So a decimal digit costs 3.3 bits, and a byte that never
// changes costs none. A key with a byte outside of a range gets the least or greatest
// number among those that agree with it up to that byte, so the order holds for every
// key.
//
// Source: HOPE learns an order-preserving encoding from a sample (Zhang et al., SIGMOD
// 2020). This encoding keeps no dictionary.
type abbreviator struct {
	prefix    []byte
	positions []position
}

// position is the range of values of one byte of the keys.
type position struct {
	low    uint32
	radix  uint32
	weight uint64 // of one step: the product of the radices of the later positions
}

// of returns the abbreviation of user.
func (ab *abbreviator) of(user []byte) uint32 {
	p := len(ab.prefix)
	if len(user) < p || !bytes.Equal(user[:p], ab.prefix) {
		if bytes.Compare(user, ab.prefix) < 0 {
			return 0
		}
		return 1<<abbrevBits - 1
	}
	v := uint64(0)
	rest := user[p:]
	for i := range ab.positions {
		if i >= len(rest) {
			break
		}
		pos := &ab.positions[i]
		d := uint32(rest[i]) - pos.low
		if d >= pos.radix {
			if uint32(rest[i]) > pos.low {
				v += uint64(pos.radix)*pos.weight - 1
			}
			break
		}
		v += uint64(d) * pos.weight
	}
	return uint32(v)
}

// newAbbreviator returns an abbreviator for keys like those of sample, which is sorted.
func newAbbreviator(sample [][]byte) *abbreviator {
	first, last := sample[0], sample[len(sample)-1]
	shared := 0
	for shared < len(first) && shared < len(last) && first[shared] == last[shared] {
		shared++
	}
	ab := &abbreviator{prefix: bytes.Clone(first[:shared])}
	product := uint64(1)
	for at := shared; at < shared+64; at++ {
		pos, ok := rangeAt(sample, at, at == shared)
		room := uint64(1<<abbrevBits) / product
		if !ok || uint64(pos.radix) > room {
			break
		}
		product *= uint64(pos.radix)
		ab.positions = append(ab.positions, pos)
	}
	// The product may be far below 2^abbrevBits: use the whole range.
	weight := uint64(1<<abbrevBits) / product
	for i, pos := range slices.Backward(ab.positions) {
		ab.positions[i].weight = weight
		weight *= uint64(pos.radix)
	}
	return ab
}

// rangeAt returns the range of bytes that keys may have at index at. The result is
// false if no key of the sample is that long. The first position, where keys of the
// sample begin to differ, gets a wider range, because keys may come in ascending order.
func rangeAt(sample [][]byte, at int, first bool) (position, bool) {
	low, high, n := 255, 0, 0
	for _, k := range sample {
		if at < len(k) {
			low, high = min(low, int(k[at])), max(high, int(k[at]))
			n++
		}
	}
	if n == 0 {
		return position{}, false
	}
	switch {
	case low == high && !first: // costs nothing
	case low >= '0' && high <= '9':
		low, high = '0', '9'
	default:
		slack := (high - low + 1) / 4
		if first {
			slack = max(slack, 8)
		}
		low, high = max(0, low-slack), min(255, high+2*slack)
	}
	return position{low: uint32(low), radix: uint32(high - low + 1)}, true
}

// resolution returns how well ab tells the keys of a sorted sample apart: the sum of
// the bits by which neighbours differ.
func (ab *abbreviator) resolution(sample [][]byte) int {
	sum := 0
	for i := 1; i < len(sample); i++ {
		sum += bits.Len32(ab.of(sample[i]) - ab.of(sample[i-1]))
	}
	return sum
}

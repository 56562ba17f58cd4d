package workloads

import (
	"encoding/binary"

	"lsmlab/workloads/dist"
)

// KeyStyle says how a key index becomes a key.
type KeyStyle uint8

// The styles of key.
const (
	// DBBench keys are the index, 8 bytes big-endian, then '0' up to the key
	// size (GenerateKeyFromInt of RocksDB's db_bench). They sort by index.
	DBBench KeyStyle = iota
	// YCSB keys are "user" and the decimal FNV-1a hash of the index, zeros in
	// front up to the key size. 20 digits hold every 64-bit hash, so order and
	// uniqueness are those of the hashes. (YCSB itself neither pads nor keeps
	// the hash's sign.)
	YCSB
)

// Limits of key sizes, in bytes.
const (
	minDBBenchKeySize = 8
	minYCSBKeySize    = len(ycsbPrefix) + hashDigits
	ycsbPrefix        = "user"
	hashDigits        = 20
)

// missingByte replaces the last byte of a key, which is always a digit, in keys that
// are absent. It sorts before the digits.
const missingByte = '.'

// Keys makes and reads keys of one style and size. It is a value without state.
type Keys struct {
	Style KeyStyle
	Size  int // bytes
}

// Append appends the key of index to dst.
func (k Keys) Append(dst []byte, index uint64) []byte {
	if k.Style == YCSB {
		dst = append(dst, ycsbPrefix...)
		dst = appendZeros(dst, k.Size-minYCSBKeySize)
		return appendDecimal20(dst, dist.Hash(index))
	}
	dst = binary.BigEndian.AppendUint64(dst, index)
	return appendZeros(dst, k.Size-8)
}

// appendMissing appends a key that no index has. It sorts directly before the key of
// index, after the key that precedes that one. It has the size of the others. The
// exception is DBBench keys of 8 bytes, which leave no room: there it sorts directly
// after, and is a byte longer.
func (k Keys) appendMissing(dst []byte, index uint64) []byte {
	dst = k.Append(dst, index)
	if k.Style == DBBench && k.Size == minDBBenchKeySize {
		return append(dst, missingByte)
	}
	dst[len(dst)-1] = missingByte
	return dst
}

// indexOf returns the index of the entry (key, value). A YCSB key is a hash, so its
// index is read from the value; ok is false if the value is too short to have one. The
// caller must check that the index gives the key.
func (k Keys) indexOf(key, value []byte) (index uint64, ok bool) {
	if k.Style == YCSB {
		return valueIndex(value)
	}
	if len(key) != k.Size {
		return 0, false
	}
	return binary.BigEndian.Uint64(key), true
}

const (
	zeros16    = "0000000000000000"
	asciiZeros = 0x3030_3030_3030_3030
)

func appendZeros(dst []byte, n int) []byte {
	if n == 8 { // the default size; this avoids a call
		return append(dst, zeros16[:8]...)
	}
	for ; n > len(zeros16); n -= len(zeros16) {
		dst = append(dst, zeros16...)
	}
	return append(dst, zeros16[:max(n, 0)]...)
}

// appendDecimal20 appends v as exactly 20 decimal digits.
func appendDecimal20(dst []byte, v uint64) []byte {
	high, low := v/1e16, v%1e16
	var digits [24]byte
	binary.LittleEndian.PutUint64(digits[0:], digits8(high))
	binary.LittleEndian.PutUint64(digits[8:], digits8(low/1e8))
	binary.LittleEndian.PutUint64(digits[16:], digits8(low%1e8))
	return append(dst, digits[4:]...)
}

// digits8 returns v < 10^8 as eight ASCII digits, the first in the lowest byte. It
// splits numbers in halves within one word (Lemire, "Converting integers to fixed-digit
// representations quickly", 2021).
func digits8(v uint64) uint64 {
	v = v/10000 | v%10000<<32 // 2 lanes of 4 digits
	hundreds := v * 10486 >> 20 & 0x7f_0000007f
	v = hundreds | (v-100*hundreds)<<16 // 4 lanes of 2
	tens := v * 103 >> 10 & 0x000f_000f_000f_000f
	v = tens | (v-10*tens)<<8 // 8 lanes of 1
	return v + asciiZeros
}

// isKeyOf says whether key is the key of index, as Append makes it. It compares words
// and makes no key, because it runs for every entry of a scan.
func (k Keys) isKeyOf(key []byte, index uint64) bool {
	if len(key) != k.Size {
		return false
	}
	if k.Style == YCSB {
		at := len(key) - hashDigits
		return string(key[:len(ycsbPrefix)]) == ycsbPrefix && isZeros(key[len(ycsbPrefix):at]) &&
			isDecimal20(key[at:], dist.Hash(index))
	}
	return binary.BigEndian.Uint64(key) == index && isZeros(key[8:])
}

func isZeros(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b) != asciiZeros {
			return false
		}
	}
	return string(b) == zeros16[:len(b)]
}

// isDecimal20 says whether b is what appendDecimal20 appends.
func isDecimal20(b []byte, v uint64) bool {
	high, low := v/1e16, v%1e16
	return binary.LittleEndian.Uint32(b) == uint32(digits8(high)>>32) &&
		binary.LittleEndian.Uint64(b[4:]) == digits8(low/1e8) &&
		binary.LittleEndian.Uint64(b[12:]) == digits8(low%1e8)
}

// Package bloom is a Bloom filter that is blocked by cache lines (Putze, Sanders,
// Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007). All probes of a
// key fall into one line of 64 bytes, so a query costs one cache miss. Probes are
// derived from the hash as in RocksDB's FastLocalBloom (util/bloom_impl.h).
//
// Part of the disk format; all numbers are little-endian:
//
//	| probes 4 | lines 4 | zero 56 | line 64 | line 64 | ...
//
// The upper half of a key's 64-bit hash selects the line, by a multiplication that
// scales it. The lower half is multiplied by the golden ratio before each probe, and
// its top 9 bits are the number of the bit: bit b of a line is bit b%8 of its byte b/8.
// The first 64 bytes keep the lines aligned to cache lines if the filter begins on one.
package bloom

import "encoding/binary"

// Part of the disk format; do not renumber.
const (
	headerSize = 64
	lineSize   = 64
	golden     = 0x9e3779b9 // 2^32 / golden ratio
	maxProbes  = 16
)

// Filter is an encoded filter; see the package comment. The zero Filter answers "maybe"
// to every query. It is safe for concurrent use.
type Filter struct {
	lines  []byte
	count  uint64 // of lines
	probes uint32
}

// Append appends to dst a filter of the given hashes, with bitsPerKey bits for each,
// rounded up to whole lines.
func Append(dst []byte, hashes *Hashes, bitsPerKey int) []byte {
	lines := (uint64(hashes.n)*uint64(bitsPerKey) + lineSize*8 - 1) / (lineSize * 8)
	lines = min(max(lines, 1), 1<<32-1)
	probes := probesFor(bitsPerKey)
	start := len(dst)
	dst = append(dst, make([]byte, headerSize+lines*lineSize)...)
	f := dst[start:]
	binary.LittleEndian.PutUint32(f, probes)
	binary.LittleEndian.PutUint32(f[4:], uint32(lines))
	body := f[headerSize:]
	for h := range hashes.all {
		at := lineOf(h, lines)
		line := (*[lineSize]byte)(body[at : at+lineSize])
		p := uint32(h)
		for range probes {
			p *= golden
			bit := p >> 23
			line[bit>>3] |= 1 << (bit & 7)
		}
	}
	return dst
}

// probesFor returns the number of probes that measured best. It is smaller than the
// ln(2)*bits of a filter without blocks, because lines fill unevenly.
func probesFor(bitsPerKey int) uint32 {
	return uint32(min(max(bitsPerKey*6/10, 1), maxProbes))
}

// lineOf returns the offset of the line of a hash.
func lineOf(hash, lines uint64) uint64 { return (hash >> 32) * lines >> 32 * lineSize }

// Open returns the filter that is encoded in b. It returns false if b is not a filter.
// b must not change while the filter is used.
func Open(b []byte) (Filter, bool) {
	if len(b) < headerSize+lineSize {
		return Filter{}, false
	}
	probes, lines := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	body := b[headerSize:]
	if probes == 0 || probes > maxProbes || uint64(lines)*lineSize != uint64(len(body)) {
		return Filter{}, false
	}
	return Filter{lines: body, count: uint64(lines), probes: probes}, true
}

// MayContain says whether a key with this hash may be in the set. Only false is
// certain.
func (f Filter) MayContain(hash uint64) bool {
	if f.count == 0 {
		return true
	}
	at := lineOf(hash, f.count)
	line := (*[lineSize]byte)(f.lines[at : at+lineSize])
	p := uint32(hash)
	for range f.probes {
		p *= golden
		bit := p >> 23
		if line[bit>>3]&(1<<(bit&7)) == 0 {
			return false
		}
	}
	return true
}

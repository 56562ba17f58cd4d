package sstable

import (
	"bytes"
	"encoding/binary"
	"sort"

	"lsmlab/engines/lsm/ikey"
)

// separatorAll is the trailer of shortened separators. It sorts before all versions of
// the key.
const separatorAll = ^ikey.Trailer(0)

// indexBuilder collects the separators and the offsets of blocks.
type indexBuilder struct {
	offsets []uint64
	keys    []byte   // trailer and key of each separator
	ends    []uint32 // where each separator ends in keys
}

func (x *indexBuilder) reset() { x.offsets, x.keys, x.ends = x.offsets[:0], x.keys[:0], x.ends[:0] }

func (x *indexBuilder) add(offset int64, separator ikey.Key) {
	x.offsets = append(x.offsets, uint64(offset))
	x.keys = binary.LittleEndian.AppendUint64(x.keys, uint64(separator.Trailer))
	x.keys = append(x.keys, separator.User...)
	x.ends = append(x.ends, uint32(len(x.keys)))
}

// size returns how many bytes append would add if the prefix were empty.
func (x *indexBuilder) size() int { return indexHeaderSize + 20*len(x.offsets) + len(x.keys) }

// append appends the index to dst. The last block ends at offset end. prefix is the
// prefix that all keys of the table share.
func (x *indexBuilder) append(dst []byte, end int64, prefix []byte) []byte {
	le, n := binary.LittleEndian, len(x.offsets)
	start := len(dst)
	dst = append(dst, make([]byte, indexHeaderSize)...)
	for i, offset := range x.offsets {
		_, key := x.separator(i, prefix)
		dst = le.AppendUint64(dst, ikey.Head(key, 0))
		dst = le.AppendUint64(dst, offset)
	}
	dst = le.AppendUint64(dst, ^uint64(0))
	dst = le.AppendUint64(dst, uint64(end))
	keys := len(prefix)
	dst = le.AppendUint32(dst, uint32(keys))
	for i := range n {
		trailer, key := x.separator(i, prefix)
		keys += len(trailer) + len(key)
		dst = le.AppendUint32(dst, uint32(keys))
	}
	if n%2 == 0 { // there are n+1 offsets of 4 bytes
		dst = append(dst, 0, 0, 0, 0)
	}
	dst = append(dst, prefix...)
	for i := range n {
		trailer, key := x.separator(i, prefix)
		dst = append(append(dst, trailer...), key...)
	}
	le.PutUint32(dst[start:], uint32(n))
	le.PutUint32(dst[start+4:], uint32(len(prefix)))
	le.PutUint32(dst[start+8:], uint32(keys))
	return dst
}

// separator returns the trailer of separator i, and its key without the table's prefix.
func (x *indexBuilder) separator(i int, prefix []byte) (trailer, key []byte) {
	start := 0
	if i > 0 {
		start = int(x.ends[i-1])
	}
	trailer, key = x.keys[start:start+8], x.keys[start+8:x.ends[i]]
	if i == 0 {
		return trailer, nil // nothing precedes block 0
	}
	return trailer, key[len(prefix):]
}

// index is a view of an encoded index, with a small directory of its heads.
type index struct {
	n          int
	prefix     []byte
	entries    []byte
	keyOffsets []byte
	keys       []byte
	directory  []uint64 // every directoryStep-th head
}

// directoryStep is how many index entries, in 8 cache lines, each head of the directory
// represents. The directory of a table of 100 MB fits in the first level cache.
const directoryStep = 32

// parse makes x a view of b. It returns false if the parts of b do not fit.
func (x *index) parse(b []byte, blocks uint32) bool {
	if len(b) < indexHeaderSize || u32(b) != blocks {
		return false
	}
	n, prefix, keys := uint64(blocks), uint64(u32(b[4:])), uint64(u32(b[8:]))
	size := indexHeaderSize + indexEntrySize*(n+1) + 4*((n+2)&^1) + keys
	if size != uint64(len(b)) || prefix > keys {
		return false
	}
	x.n = int(n)
	b = b[indexHeaderSize:]
	x.entries, b = b[:indexEntrySize*(n+1)], b[indexEntrySize*(n+1):]
	x.keyOffsets, x.keys = b[:4*(n+1)], b[4*((n+2)&^1):]
	x.prefix = x.keys[:prefix]
	x.directory = make([]uint64, 0, (x.n+directoryStep-1)/directoryStep)
	for i := 0; i < x.n; i += directoryStep {
		x.directory = append(x.directory, x.head(i))
	}
	return true
}

func (x *index) head(i int) uint64 { return u64(x.entries[indexEntrySize*i:]) }

// bounds returns the offsets at which block i begins and ends, including padding.
func (x *index) bounds(i int) (start, end uint64) {
	e := x.entries[indexEntrySize*i:]
	return u64(e[8:]), u64(e[indexEntrySize+8:])
}

// separator returns separator i without the table's prefix. For a damaged separator it
// returns the empty key.
func (x *index) separator(i int) ikey.Key {
	start, end := uint64(u32(x.keyOffsets[4*i:])), uint64(u32(x.keyOffsets[4*i+4:]))
	if start+8 > end || end > uint64(len(x.keys)) {
		return ikey.Key{Trailer: separatorAll}
	}
	return ikey.Key{User: x.keys[start+8 : end], Trailer: ikey.Trailer(u64(x.keys[start:]))}
}

// find returns the block that holds the first entry >= (user, t). If no entry of that
// block is, then it is the first entry of the next block.
func (x *index) find(user []byte, t ikey.Trailer) int {
	if p := x.prefix; len(p) > 0 {
		if len(user) < len(p) || string(user[:len(p)]) != string(p) {
			if bytes.Compare(user, p) < 0 {
				return 0
			}
			return x.n - 1
		}
		user = user[len(p):]
	}
	head := ikey.Head(user, 0)
	i := x.lowerBound(head)
	if i < x.n && x.head(i) == head {
		i = x.findTie(i, ikey.Key{User: user, Trailer: t})
	}
	return max(i-1, 0)
}

// lowerBound returns how many heads are < head. No branch of its two loops depends on
// the data; the comparison is a conditional move.
func (x *index) lowerBound(head uint64) int {
	d := x.directory
	lo := 0
	for n := len(d); n > 0; {
		half := (n + 1) >> 1
		if d[lo+half-1] < head {
			lo += half
		}
		n -= half
	}
	if lo == 0 {
		return 0
	}
	lo = (lo-1)*directoryStep + 1 // the head before is < head, that at the end of the step is not
	for n := min(directoryStep-1, x.n-lo); n > 0; {
		half := (n + 1) >> 1
		if x.head(lo+half-1) < head {
			lo += half
		}
		n -= half
	}
	return lo
}

// findTie returns how many separators are <= k. All separators before i are, and
// separator i has the head of k.
func (x *index) findTie(i int, k ikey.Key) int {
	head := x.head(i)
	return i + sort.Search(x.n-i, func(j int) bool {
		return x.head(i+j) > head || ikey.Compare(x.separator(i+j), k) > 0
	})
}

// continues says whether block i begins with a version of user that is not the newest
// version in the table.
func (x *index) continues(i int, user []byte) bool {
	if i >= x.n || len(user) < len(x.prefix) {
		return false
	}
	s := x.separator(i)
	return s.Trailer != separatorAll && bytes.Equal(s.User, user[len(x.prefix):])
}

package sstable

import (
	"bytes"
	"runtime/debug"

	"lsmlab/engines/internal/invariants"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

var _ ikey.Iterator = (*Iter)(nil)

// Iter visits the entries of a table; see [ikey.Iterator]. Both a zero Iter and a used
// one, whose memory is reused, are ready for [Reader.InitIter]. It must not be used
// after the reader was closed.
type Iter struct {
	r *Reader

	// Next changes only numbers among the following fields: storing a pointer would
	// cost a check of the garbage collector's write barrier.
	entries  []byte // of the current block, from the sought entry on; part of keys or of content
	next     int    // offset in entries of the entry after the current one
	content  []byte // of the current block; values are views of it
	valueAt  int    // offset in content of the current value
	valueEnd int    // offset in content of the next value
	base     ikey.Seq

	key     []byte // memory of the user key
	keyLen  int    // length of the current user key
	same    bool   // see SameUser
	trailer ikey.Trailer

	block int
	err   error
	once  bool   // see ReadOnce
	left  uint64 // offset up to which pages were dropped from memory
	keys  []byte // copy of the entries of a mapped block, from the sought entry on
	s     scratch
}

// minKeyMemory is the bytes for keys with which an iterator begins.
const minKeyMemory = 64

// InitIter makes it an iterator of r that is before the first entry. The caller allocates
// the iterator, once for many tables.
func (r *Reader) InitIter(it *Iter) {
	key := it.key
	if key == nil {
		key = make([]byte, minKeyMemory)
	}
	*it = Iter{r: r, block: -1, key: key, keys: it.keys[:0], s: it.s}
}

// forgetBytes is how many bytes an iterator leaves behind before it drops their pages;
// see ReadOnce.
const forgetBytes = 1 << 20

// ReadOnce says that the caller visits most or all of the table, as a compaction does,
// and that nobody will want its pages soon. The iterator then drops the pages behind it
// from the memory of the process. Views of the current entry stay valid.
func (it *Iter) ReadOnce() { it.once = it.r.mapping != nil }

// forget drops the pages before offset.
func (it *Iter) forget(offset uint64) {
	it.r.mapping.Forget(int64(it.left), int64(offset))
	it.left = offset
}

// First moves to the first entry.
func (it *Iter) First() bool {
	if it.err != nil {
		return false
	}
	it.block, it.entries, it.next, it.keyLen = -1, nil, 0, 0
	return it.nextBlock()
}

// SeekGE moves to the first entry >= k.
func (it *Iter) SeekGE(k ikey.Key) (ok bool) {
	if it.err != nil {
		return false
	}
	it.entries, it.next, it.keyLen = nil, 0, 0
	defer vfs.CatchFault(debug.SetPanicOnFault(true), it.r.name, &it.err)
	i := it.r.index.find(k.User, k.Trailer)
	var b block
	if !it.load(i, &b) {
		return false
	}
	var c cursor
	switch b.seek(k.User, k.Trailer, &c) {
	case broken:
		return it.broken()
	case absent:
		return it.nextBlock()
	}
	if c.valueLen > len(b.content)-c.valueAt {
		return it.broken()
	}
	it.enter(&b, c.at+c.size+c.unshared, c.valueAt+c.valueLen)
	it.valueAt = c.valueAt
	it.trailer = c.trailer
	it.same = false
	it.keyLen = c.shared + c.unshared
	it.key = grow(it.key, it.keyLen)
	copy(it.key, k.User[:c.shared])
	copy(it.key[c.shared:], c.suffix(&b))
	return true
}

// Next moves to the next entry.
//
// Nearly all entries are decoded right here, without the [entry] that decode fills in
// memory: a walk takes 38 ns instead of 42 ns an entry (BenchmarkScan, 2-core Xeon VM).
// This works for entries that have a value, a head of at most 8 bytes with lengths of
// one byte, and a short suffix that may be copied whole on both sides.
func (it *Iter) Next() bool {
	b := it.entries[it.next:]
	if len(b) < 8+shortSuffix {
		return it.nextSlow(b)
	}
	w := u64(b)
	if w&(flagInline|0x80<<8|0x80<<16) != flagInline || w>>sharedShift&sharedLong == sharedLong {
		return it.nextSlow(b)
	}
	shared, unshared, valueLen, size := int(w>>sharedShift&sharedLong), int(w>>8&0x7f), int(w>>16&0x7f), 3
	seq := it.base
	if w&flagSeq != 0 {
		delta, n := shortUleb(w >> 24)
		if seq += ikey.Seq(unzigzag(delta)); n == 0 || seq > ikey.MaxSeq {
			return it.nextSlow(b)
		}
		size += n
	}
	if shared == 0 || shared > it.keyLen || unshared > shortSuffix || shared+shortSuffix > len(it.key) ||
		valueLen > len(it.content)-it.valueEnd || invariants.Enabled {
		return it.nextSlow(b)
	}
	it.same = unshared == 0 && shared == it.keyLen
	copy(it.key[shared:shared+shortSuffix], b[size:size+shortSuffix]) // compiles to two registers
	it.keyLen = shared + unshared
	it.next += size + unshared
	it.trailer = ikey.Trailer(seq)<<8 | ikey.Trailer(w&flagSet)
	it.valueAt = it.valueEnd
	it.valueEnd += valueLen
	return true
}

// shortSuffix is the longest suffix of a key, in bytes, that Next copies with a fixed
// length.
const shortSuffix = 16

// nextSlow is Next for entries of any form, and for the end of a block. b is the rest
// of the block's entries.
func (it *Iter) nextSlow(b []byte) bool {
	if len(b) == 0 {
		return it.nextBlock()
	}
	var e entry
	if !e.decode(b, it.base) || e.shared > it.keyLen || e.valueLen > len(it.content)-it.valueEnd {
		return it.broken()
	}
	if invariants.Enabled && it.keyLen > 0 && !it.ascends(&e, b) {
		return it.broken() // an error, not a panic: a disk may hold such bytes
	}
	b = b[e.size:]
	if e.shared == 0 {
		it.same = string(it.key[:it.keyLen]) == string(b[:e.unshared])
	} else {
		it.same = e.unshared == 0 && e.shared == it.keyLen
	}
	it.keyLen = e.shared + e.unshared
	if it.keyLen > len(it.key) {
		it.key = grow(it.key, it.keyLen)
	}
	copy(it.key[e.shared:], b[:e.unshared])
	it.next += e.size + e.unshared
	it.trailer = e.trailer
	it.valueAt = it.valueEnd
	it.valueEnd += e.valueLen
	return true
}

// grow returns b, or a longer copy of b, with at least n bytes.
func grow(b []byte, n int) []byte {
	if n <= len(b) {
		return b
	}
	return append(b, make([]byte, n+n/2-len(b))...)
}

// nextBlock moves to the first entry of the next block.
func (it *Iter) nextBlock() (ok bool) {
	if it.err != nil || it.block+1 >= it.r.index.n {
		return false
	}
	defer vfs.CatchFault(debug.SetPanicOnFault(true), it.r.name, &it.err)
	var b block
	if !it.load(it.block+1, &b) {
		return false
	}
	at, valueAt := b.restart(0)
	it.enter(&b, at, valueAt)
	if len(it.entries) == 0 || it.entries[0]>>sharedShift != 0 {
		return it.broken() // the first entry of a block must share nothing
	}
	return it.Next()
}

// load makes block i the current one. On an error it ends the iteration and returns
// false.
func (it *Iter) load(i int, b *block) bool {
	it.block = i
	it.err = it.r.load(i, b, &it.s)
	if it.once && it.err == nil {
		start, _ := it.r.index.bounds(i)
		if it.left == 0 {
			it.left = start // the walk begins here
		}
		if start >= it.left+forgetBytes {
			it.forget(start)
		}
	}
	it.r.prefetchBlock(i + 1)
	return it.err == nil
}

// enter makes at and valueAt, offsets in the content of b, the place of the next entry.
// It copies the entries of a mapped block. So Next touches no memory that can fault,
// and needs no guard: a guard costs 13 ns (BenchmarkGuard) and a Next costs 19 ns
// (BenchmarkScanCached, the same loaded 2-core VM).
func (it *Iter) enter(b *block, at, valueAt int) {
	it.base, it.content = b.base, b.content
	it.valueAt, it.valueEnd = valueAt, valueAt
	it.entries, it.next = b.content[at:b.valuesAt], 0
	if !it.r.copies() {
		it.keys = append(it.keys[:0], it.entries...)
		it.entries = it.keys
	}
}

// broken ends the iteration with the error of an entry that cannot be decoded.
func (it *Iter) broken() bool {
	it.entries, it.next = nil, 0
	it.err = it.r.broken(it.block)
	return false
}

// ascends says whether entry e, at the start of b, sorts after the current one.
func (it *Iter) ascends(e *entry, b []byte) bool {
	suffix := b[e.size : e.size+e.unshared]
	c := bytes.Compare(it.key[e.shared:it.keyLen], suffix)
	return c < 0 || c == 0 && it.trailer > e.trailer
}

// Key returns the current internal key, as a view that is valid until the next move.
func (it *Iter) Key() ikey.Key {
	return ikey.Key{User: it.key[:it.keyLen:it.keyLen], Trailer: it.trailer}
}

// SameUser says whether the last Next moved to another version of the same user key.
func (it *Iter) SameUser() bool { return it.same }

// Value returns the current value, as a view that is valid until the next move. In
// Mapped mode it is a view of the file; see "Faults" in the package comment.
func (it *Iter) Value() []byte { return it.content[it.valueAt:it.valueEnd:it.valueEnd] }

// Close ends the iteration and returns the first error that it met. [Reader.InitIter]
// may reuse the iterator's memory.
func (it *Iter) Close() error {
	if it.once && it.err == nil && it.block+1 == it.r.index.n {
		it.forget(it.r.layout.index.offset)
	}
	it.entries, it.next, it.content, it.valueAt, it.valueEnd = nil, 0, nil, 0, 0
	return it.err
}

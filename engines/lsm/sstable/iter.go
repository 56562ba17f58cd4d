package sstable

import (
	"bytes"
	"runtime/debug"

	"lsmlab/engines/internal/invariants"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

var _ ikey.Iterator = (*Iter)(nil)

// Iter walks the entries of a table; see [ikey.Iterator]. The zero Iter is
// ready for [Reader.InitIter], and so is a used one, whose memory is kept.
// It must not be used after the reader was closed.
type Iter struct {
	r *Reader

	// Next changes only numbers of these: storing a pointer costs a check of the
	// garbage collector's write barrier.
	entries  []byte // of the current block, from the sought one on; in keys or in content
	next     int    // of the entry after the current one, in entries
	content  []byte // of the current block; values are views of it
	valueAt  int    // of the current value, in content
	valueEnd int    // and where the next one begins
	base     ikey.Seq

	key     []byte // memory of user keys
	keyLen  int    // of the current one
	same    bool   // see SameUser
	trailer ikey.Trailer

	block int
	err   error
	once  bool   // see ReadOnce
	left  uint64 // offset up to which pages were let go
	keys  []byte // copy of the mapped block's entries, from the sought one on
	s     scratch
}

// minKeyMemory is the memory for keys that an iterator begins with.
const minKeyMemory = 64

// NewIterator returns an iterator. One is an allocation; [Reader.InitIter]
// spares it.
func (r *Reader) NewIterator() ikey.Iterator {
	it := new(Iter)
	r.InitIter(it)
	return it
}

// InitIter makes it an iterator of r that stands before the first entry.
func (r *Reader) InitIter(it *Iter) {
	key := it.key
	if key == nil {
		key = make([]byte, minKeyMemory)
	}
	*it = Iter{r: r, block: -1, key: key, keys: it.keys[:0], s: it.s}
}

// forgetBytes is how many bytes an iterator that reads once leaves behind it
// before it lets them go.
const forgetBytes = 1 << 20

// ReadOnce says that the walk goes over the whole table or most of it and that
// nobody will want its pages soon, as in a compaction: those behind it leave the
// memory of the process. Views of the current entry stay valid.
func (it *Iter) ReadOnce() { it.once = it.r.mapping != nil }

// forget lets the pages go that lie before offset.
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
// An entry as nearly all are is read here, without the [entry] that decode fills in
// memory: a walk takes 38 ns an entry in place of 42 (BenchmarkScan, 2-core Xeon VM).
// Such an entry has a value, a head of 8 bytes at most with lengths of one byte, and
// a short suffix that both sides have room to copy whole.
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
	copy(it.key[shared:shared+shortSuffix], b[size:size+shortSuffix]) // two registers
	it.keyLen = shared + unshared
	it.next += size + unshared
	it.trailer = ikey.Trailer(seq)<<8 | ikey.Trailer(w&flagSet)
	it.valueAt = it.valueEnd
	it.valueEnd += valueLen
	return true
}

// shortSuffix is up to how many bytes of a key's suffix are copied as one.
const shortSuffix = 16

// nextSlow is Next for entries of any form, and at the end of a block; b is the
// rest of the block's entries.
func (it *Iter) nextSlow(b []byte) bool {
	if len(b) == 0 {
		return it.nextBlock()
	}
	var e entry
	if !e.decode(b, it.base) || e.shared > it.keyLen || e.valueLen > len(it.content)-it.valueEnd {
		return it.broken()
	}
	if invariants.Enabled && it.keyLen > 0 && !it.ascends(&e, b) {
		return it.broken() // an error, not a panic: a disk may hold it
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

// grow returns b, or a longer copy of it, with at least n bytes.
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
		return it.broken() // the first entry of a block shares nothing
	}
	return it.Next()
}

// load makes block i the current one.
func (it *Iter) load(i int, b *block) bool {
	it.block = i
	it.err = it.r.load(i, b, &it.s)
	if it.once && it.err == nil {
		start, _ := it.r.index.bounds(i)
		if it.left == 0 {
			it.left = start // where the walk begins
		}
		if start >= it.left+forgetBytes {
			it.forget(start)
		}
	}
	it.r.prefetchBlock(i + 1)
	return it.err == nil
}

// enter makes at and valueAt, in b's content, the place of the entry after the
// current one. Of a mapped block it copies the entries, so that Next touches no
// memory that can fault and needs no guard: a guard costs 13 ns (BenchmarkGuard)
// where a Next costs 19 (BenchmarkScanCached, the same loaded 2-core VM).
func (it *Iter) enter(b *block, at, valueAt int) {
	it.base, it.content = b.base, b.content
	it.valueAt, it.valueEnd = valueAt, valueAt
	it.entries, it.next = b.content[at:b.valuesAt], 0
	if !it.r.copies() {
		it.keys = append(it.keys[:0], it.entries...)
		it.entries = it.keys
	}
}

// broken ends the walk with the error of an entry that makes no sense.
func (it *Iter) broken() bool {
	it.entries, it.next = nil, 0
	it.err = it.r.broken(it.block)
	return false
}

// ascends says whether the entry e that b begins with sorts after the current
// one.
func (it *Iter) ascends(e *entry, b []byte) bool {
	suffix := b[e.size : e.size+e.unshared]
	c := bytes.Compare(it.key[e.shared:it.keyLen], suffix)
	return c < 0 || c == 0 && it.trailer > e.trailer
}

// Key returns the current internal key, a view valid until the next move.
func (it *Iter) Key() ikey.Key {
	return ikey.Key{User: it.key[:it.keyLen:it.keyLen], Trailer: it.trailer}
}

// SameUser says whether the last Next moved to another version of the user key
// that the iterator stood on.
func (it *Iter) SameUser() bool { return it.same }

// Value returns the current value, a view valid until the next move. In Mapped
// mode it is a view of the file; see "Faults" in the package comment.
func (it *Iter) Value() []byte { return it.content[it.valueAt:it.valueEnd:it.valueEnd] }

// Close ends the walk and returns the first error met. The iterator's memory
// serves again after [Reader.InitIter].
func (it *Iter) Close() error {
	if it.once && it.err == nil && it.block+1 == it.r.index.n {
		it.forget(it.r.layout.index.offset)
	}
	it.entries, it.next, it.content, it.valueAt, it.valueEnd = nil, 0, nil, 0, 0
	return it.err
}

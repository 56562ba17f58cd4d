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

	rest    []byte // entries after the current one, in keys or in content
	base    ikey.Seq
	content []byte // of the current block; values are views of it
	valueAt int    // in content, of the entry after the current one

	key     []byte // current user key
	value   []byte
	trailer ikey.Trailer

	block int
	err   error
	keys  []byte // copy of the mapped block's entries, from the sought one on
	s     scratch
}

// NewIterator returns an iterator. One is an allocation; [Reader.InitIter]
// spares it.
func (r *Reader) NewIterator() ikey.Iterator {
	it := new(Iter)
	r.InitIter(it)
	return it
}

// InitIter makes it an iterator of r that stands before the first entry.
func (r *Reader) InitIter(it *Iter) {
	*it = Iter{r: r, block: -1, key: it.key[:0], keys: it.keys[:0], s: it.s}
}

// First moves to the first entry.
func (it *Iter) First() bool {
	if it.err != nil {
		return false
	}
	it.block, it.rest = -1, nil
	return it.nextBlock()
}

// SeekGE moves to the first entry >= k.
func (it *Iter) SeekGE(k ikey.Key) (ok bool) {
	if it.err != nil {
		return false
	}
	it.rest = nil
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
	it.key = append(append(it.key[:0], k.User[:c.shared]...), c.suffix(&b)...)
	it.trailer = c.trailer
	if it.value, ok = c.value(b.content); !ok {
		return it.broken()
	}
	it.enter(&b, c.at+c.size+c.unshared, c.valueAt+c.valueLen)
	return true
}

// Next moves to the next entry.
func (it *Iter) Next() bool {
	if len(it.rest) == 0 {
		return it.nextBlock()
	}
	return it.advance()
}

// advance moves to the entry that rest begins with.
func (it *Iter) advance() bool {
	var e entry
	if !e.decode(it.rest, it.base) || e.shared > len(it.key) || e.valueLen > len(it.content)-it.valueAt {
		return it.broken()
	}
	if invariants.Enabled && len(it.key) > 0 && !it.ascends(&e) {
		return it.broken() // an error, not a panic: a disk may hold it
	}
	end := e.size + e.unshared
	it.key = append(it.key[:e.shared], it.rest[e.size:end]...)
	it.rest = it.rest[end:]
	it.trailer = e.trailer
	valueEnd := it.valueAt + e.valueLen
	it.value = it.content[it.valueAt:valueEnd:valueEnd]
	it.valueAt = valueEnd
	return true
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
	it.key = it.key[:0] // the first entry shares nothing
	return it.advance()
}

// load makes block i the current one.
func (it *Iter) load(i int, b *block) bool {
	it.block = i
	it.err = it.r.load(i, b, &it.s)
	return it.err == nil
}

// enter makes at and valueAt, in b's content, the place of the entry after the
// current one. Of a mapped block it copies the entries, so that Next touches no
// memory that can fault and needs no guard. For 36 entries a block that costs
// 15 ns, a guard in each Next would cost 8 ns an entry.
func (it *Iter) enter(b *block, at, valueAt int) {
	it.base, it.content, it.valueAt = b.base, b.content, valueAt
	it.rest = b.content[at:b.valuesAt]
	if !it.r.copies() {
		it.keys = append(it.keys[:0], it.rest...)
		it.rest = it.keys
	}
}

// broken ends the walk with the error of an entry that makes no sense.
func (it *Iter) broken() bool {
	it.rest = nil
	it.err = it.r.broken(it.block)
	return false
}

// ascends says whether the entry e that rest begins with sorts after the
// current one.
func (it *Iter) ascends(e *entry) bool {
	suffix := it.rest[e.size : e.size+e.unshared]
	c := bytes.Compare(it.key[e.shared:], suffix)
	return c < 0 || c == 0 && it.trailer > e.trailer
}

// Key returns the current internal key, a view valid until the next move.
func (it *Iter) Key() ikey.Key { return ikey.Key{User: it.key, Trailer: it.trailer} }

// Value returns the current value, a view valid until the next move. In Mapped
// mode it is a view of the file; see "Faults" in the package comment.
func (it *Iter) Value() []byte { return it.value }

// Close ends the walk and returns the first error met. The iterator's memory
// serves again after [Reader.InitIter].
func (it *Iter) Close() error {
	it.rest, it.content, it.value = nil, nil, nil
	return it.err
}

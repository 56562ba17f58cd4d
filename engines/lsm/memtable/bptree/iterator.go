package bptree

import (
	"unsafe"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// iterator walks copies of the leaves' orders. A copy holds the entries of
// [low, high) at one moment and the leaf that began at high at that moment, so
// that the copies follow on each other without gap or overlap, whatever splits
// come between.
type iterator struct {
	t    *tree
	at   unsafe.Pointer // the entry
	pos  int
	n    int
	link link
	refs [leafSlots]arena.Ref
}

// NewIterator implements [memtable.MemTable].
func (t *tree) NewIterator() ikey.Iterator { return &iterator{t: t} }

// First implements [ikey.Iterator].
func (it *iterator) First() bool {
	it.enter(it.t.first)
	it.pos = 0
	return it.settle()
}

// SeekGE implements [ikey.Iterator].
func (it *iterator) SeekGE(k ikey.Key) bool {
	at, known := it.t.descend(k, 0, nil)
	for {
		it.enter(at)
		if it.t.covers(it.link, known, k) {
			break
		}
		at = it.link.next()
	}
	it.pos = it.t.searchRefs(it.refs[:it.n], k)
	return it.settle()
}

// Next implements [ikey.Iterator].
func (it *iterator) Next() bool {
	it.pos++
	if it.pos < it.n {
		it.at = it.t.mem.Pointer(it.refs[it.pos])
		return true
	}
	return it.settle()
}

// settle goes on to the next entry from the end of a leaf.
func (it *iterator) settle() bool {
	for it.pos >= it.n {
		next := it.link.next()
		if next == 0 {
			return false
		}
		it.enter(next)
		it.pos = 0
	}
	it.at = it.t.mem.Pointer(it.refs[it.pos])
	return true
}

func (it *iterator) enter(at arena.Ref) {
	it.n, it.link = it.t.copyLeaf(it.t.leaf(at), &it.refs)
}

// Key implements [ikey.Iterator].
func (it *iterator) Key() ikey.Key {
	return ikey.Key{User: entryUser(it.at), Trailer: entryTrailer(it.at)}
}

// Value implements [ikey.Iterator].
func (it *iterator) Value() []byte { return entryValue(entryUser(it.at)) }

// Close implements [ikey.Iterator].
func (it *iterator) Close() error { return nil }

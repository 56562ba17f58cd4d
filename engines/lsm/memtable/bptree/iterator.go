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
	t       *tree
	at      unsafe.Pointer // the entry
	pos     int
	n       int
	link    link
	touched uint64 // what touch read
	refs    [leafSlots]arena.Ref
	entries [leafSlots]unsafe.Pointer // from pos on, when it entered the leaf
}

// NewIterator implements [memtable.MemTable].
func (t *tree) NewIterator() ikey.Iterator { return &iterator{t: t} }

// First implements [ikey.Iterator].
func (it *iterator) First() bool {
	it.enter(it.t.first)
	return it.stand(0)
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
	return it.stand(it.t.searchRefs(it.refs[:it.n], k))
}

// Next implements [ikey.Iterator].
func (it *iterator) Next() bool {
	it.pos++
	if it.pos < it.n {
		it.at = it.entries[it.pos]
		return true
	}
	return it.settle()
}

// settle goes on to the next entry from the end of a leaf.
func (it *iterator) settle() bool {
	next := it.link.next()
	if next == 0 {
		return false
	}
	it.enter(next)
	return it.stand(0)
}

// stand moves to entry pos of the leaf. It reads a bit of all entries from there
// on and of the next leaf, so that the cache misses overlap.
func (it *iterator) stand(pos int) bool {
	if it.pos = pos; pos >= it.n {
		return it.settle()
	}
	var sum byte
	for i := pos; i < it.n; i++ {
		p := it.t.mem.Pointer(it.refs[i])
		sum += *(*byte)(p)
		it.entries[i] = p
	}
	it.touched = uint64(sum)
	if next := it.link.next(); next != 0 {
		l := it.t.leaf(next)
		for i := 0; i < leafSlots; i += lineSize / 8 {
			it.touched += l.slots[i].Load()
		}
	}
	it.at = it.entries[pos]
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

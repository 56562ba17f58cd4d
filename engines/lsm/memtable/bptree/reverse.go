package bptree

import (
	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable/internal/entry"
)

// reverseIterator visits copies of leaves, as iterator does. Leaves have no link to the
// one before, so each copy begins with a search: of the leaf of the key right before the
// least of the last copy.
type reverseIterator struct {
	t    *tree
	at   *entry.Entry
	left int // entries of the copy that are not visited yet: the first ones
	refs [leafSlots]arena.Ref
}

// NewReverseIterator implements [memtable.MemTable].
func (t *tree) NewReverseIterator() ikey.ReverseIterator { return &reverseIterator{t: t} }

// SeekLT implements [ikey.ReverseIterator]. The leaf of the key right before k has an
// entry before k, namely its lower fence, unless it is the first leaf.
func (it *reverseIterator) SeekLT(k ikey.Key) bool {
	before := k.Before()
	at, known := it.t.descend(before, 0, nil)
	n, lnk := it.t.copyLeaf(it.t.leaf(at), &it.refs)
	for !it.t.covers(lnk, known, before) {
		n, lnk = it.t.copyLeaf(it.t.leaf(lnk.next()), &it.refs)
	}
	it.left = it.t.searchRefs(it.refs[:n], k)
	return it.left > 0 && it.Prev()
}

// Prev implements [ikey.ReverseIterator].
func (it *reverseIterator) Prev() bool {
	if it.left == 0 {
		return it.SeekLT(it.at.Key())
	}
	it.left--
	it.at = it.t.entry(it.refs[it.left])
	return true
}

// Key implements [ikey.ReverseIterator].
func (it *reverseIterator) Key() ikey.Key { return it.at.Key() }

// Value implements [ikey.ReverseIterator].
func (it *reverseIterator) Value() []byte { return it.at.Value() }

// Close implements [ikey.ReverseIterator].
func (it *reverseIterator) Close() error { return nil }

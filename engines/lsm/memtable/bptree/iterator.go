package bptree

import (
	"unsafe"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable/internal/entry"
)

// iterator visits copies of leaves. A copy holds the entries of [low, high) at one
// moment, together with the leaf that began at high at that moment. So each copy
// continues where the one before ended, without gap or overlap, whatever splits happen
// in between.
type iterator struct {
	t       *tree
	at      *entry.Entry
	pos     int
	current *leafCopy
	ahead   *leafCopy // copy of the next leaf, valid if ready is set
	ready   bool
	copies  [2]leafCopy
}

// leafCopy is the copy of one leaf.
type leafCopy struct {
	n       int
	link    link
	refs    [leafSlots]arena.Ref
	entries [leafSlots]unsafe.Pointer
}

// NewIterator implements [memtable.MemTable].
func (t *tree) NewIterator() ikey.Iterator { return &iterator{t: t} }

// First implements [ikey.Iterator].
func (it *iterator) First() bool {
	it.enter(it.t.first)
	return it.moveTo(0)
}

// SeekGE implements [ikey.Iterator].
func (it *iterator) SeekGE(k ikey.Key) bool {
	at, known := it.t.descend(k, 0, nil)
	for {
		it.enter(at)
		if it.t.covers(it.current.link, known, k) {
			break
		}
		at = it.current.link.next()
	}
	return it.moveTo(it.t.searchRefs(it.current.refs[:it.current.n], k))
}

// enter makes the leaf at ref `at` the current one.
func (it *iterator) enter(at arena.Ref) {
	it.ready = false
	it.current, it.ahead = &it.copies[0], &it.copies[1]
	it.t.fill(it.current, at)
}

// Next implements [ikey.Iterator].
func (it *iterator) Next() bool {
	it.pos++
	if it.pos < it.current.n {
		it.at = (*entry.Entry)(it.current.entries[it.pos])
		return true
	}
	return it.nextLeaf()
}

// nextLeaf moves from the end of a leaf to the next entry. From the second leaf on, it
// copies one leaf ahead.
func (it *iterator) nextLeaf() bool {
	next := it.current.link.next()
	if next == 0 {
		return false
	}
	if !it.ready {
		it.t.fill(it.ahead, next)
	}
	it.current, it.ahead = it.ahead, it.current
	next = it.current.link.next()
	if it.ready = next != 0; it.ready {
		it.t.fill(it.ahead, next)
	}
	return it.moveTo(0)
}

// moveTo moves to entry pos of the current leaf, or to the next entry if pos is its end.
func (it *iterator) moveTo(pos int) bool {
	if it.pos = pos; pos >= it.current.n {
		return it.nextLeaf()
	}
	it.at = (*entry.Entry)(it.current.entries[pos])
	return true
}

// fill copies a leaf, and prefetches its entries and the next leaf.
func (t *tree) fill(c *leafCopy, at arena.Ref) {
	c.n, c.link = t.copyLeaf(t.leaf(at), &c.refs)
	for i, ref := range c.refs[:c.n] {
		c.entries[i] = t.mem.Pointer(ref)
	}
	prefetch(&c.entries[0], c.n)
	if next := c.link.next(); next != 0 {
		p := t.mem.Pointer(next)
		lines := [...]unsafe.Pointer{p, unsafe.Add(p, lineSize), unsafe.Add(p, 2*lineSize), unsafe.Add(p, 3*lineSize)}
		prefetch(&lines[0], len(lines))
	}
}

// Key implements [ikey.Iterator].
func (it *iterator) Key() ikey.Key { return it.at.Key() }

// Value implements [ikey.Iterator].
func (it *iterator) Value() []byte { return it.at.Value() }

// Close implements [ikey.Iterator].
func (it *iterator) Close() error { return nil }

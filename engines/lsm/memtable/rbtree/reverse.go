package rbtree

import (
	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable/internal/entry"
)

// reverseIterator copies entries in batches, as iterator does. Segments have no link to
// the one before, so each batch begins with a search.
type reverseIterator struct {
	t    *table
	at   *entry.Entry
	pos  int
	n    int
	refs [maxBatch]arena.Ref
}

// NewReverseIterator implements [memtable.MemTable].
func (t *table) NewReverseIterator() ikey.ReverseIterator { return &reverseIterator{t: t} }

// SeekLT implements [ikey.ReverseIterator].
func (it *reverseIterator) SeekLT(k ikey.Key) bool { return it.fill(k, minBatch) }

// Prev implements [ikey.ReverseIterator].
func (it *reverseIterator) Prev() bool {
	it.pos++
	if it.pos < it.n {
		it.at = it.t.entry(it.refs[it.pos])
		return true
	}
	return it.fill(it.at.Key(), min(2*it.n, maxBatch))
}

// fill reads the next batch of entries < k, at most limit of them. They are in the last
// segment that begins before k, and if that is not the first, its low is one of them.
func (it *reverseIterator) fill(k ikey.Key, limit int) bool {
	for s := it.t.find(k.Before()); ; {
		n, next := it.t.batch(s, k, left, it.refs[:max(limit, minBatch)])
		if next != 0 {
			if after := it.t.segment(arena.Ref(next)); it.t.entry(after.low).Before(k) {
				s = after
				continue
			}
		}
		it.pos, it.n = 0, n
		if n > 0 {
			it.at = it.t.entry(it.refs[0])
		}
		return n > 0
	}
}

// Key implements [ikey.ReverseIterator].
func (it *reverseIterator) Key() ikey.Key { return it.at.Key() }

// Value implements [ikey.ReverseIterator].
func (it *reverseIterator) Value() []byte { return it.at.Value() }

// Close implements [ikey.ReverseIterator].
func (it *reverseIterator) Close() error { return nil }

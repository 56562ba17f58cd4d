package rbtree

import (
	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable/internal/entry"
)

// iterator copies entries in batches. A batch is what one segment held in one state,
// from a key on. So the tree may change in any way between batches.
type iterator struct {
	t    *table
	s    *segment // from which the batch was read
	next uint32   // the segment that followed s when the batch was read
	at   *entry.Entry
	pos  int
	n    int
	refs [maxBatch]arena.Ref
}

// The first batch after a seek is small, for short scans. Each further batch is twice
// as large as the one before.
const (
	minBatch = 4
	maxBatch = 32
)

// NewIterator implements [memtable.MemTable].
func (t *table) NewIterator() ikey.Iterator { return &iterator{t: t} }

// First implements [ikey.Iterator].
func (it *iterator) First() bool {
	it.s = it.t.segment(it.t.first)
	return it.fill(ikey.SeekKey(nil, ikey.MaxSeq), minBatch)
}

// SeekGE implements [ikey.Iterator].
func (it *iterator) SeekGE(k ikey.Key) bool {
	it.s = it.t.find(k)
	return it.fill(k, minBatch)
}

// Next implements [ikey.Iterator].
func (it *iterator) Next() bool {
	it.pos++
	if it.pos < it.n {
		it.at = it.t.entry(it.refs[it.pos])
		return true
	}
	k := it.at.Key()
	k.Trailer-- // no key lies between; a trailer is never 0, as sequence numbers start at 1
	return it.fill(k, min(2*it.n, maxBatch))
}

// fill reads the next batch of entries >= k, at most limit of them.
func (it *iterator) fill(k ikey.Key, limit int) bool {
	for {
		it.n, it.next = it.t.batch(it.s, k, right, it.refs[:max(limit, minBatch)])
		if it.n > 0 {
			it.pos = 0
			it.at = it.t.entry(it.refs[0])
			return true
		}
		if it.next == 0 {
			return false
		}
		it.s = it.t.segment(arena.Ref(it.next))
	}
}

// Key implements [ikey.Iterator].
func (it *iterator) Key() ikey.Key { return it.at.Key() }

// Value implements [ikey.Iterator].
func (it *iterator) Value() []byte { return it.at.Value() }

// Close implements [ikey.Iterator].
func (it *iterator) Close() error { return nil }

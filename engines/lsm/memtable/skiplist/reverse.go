package skiplist

import "lsmlab/engines/lsm/ikey"

// reverseIterator walks downwards, though links lead up only. It searches the last node
// before a key on some level, and keeps the nodes that follow it on level 0 up to the key:
// a batch, which it visits from its end. RocksDB searches anew for each step (FindLessThan
// of its InlineSkipList), which is a batch of one.
type reverseIterator struct {
	t     *table
	n     *node
	level int // of the next search
	added int // nodes of the batch so far, the first ones of which may be overwritten
	left  int // those that are not visited yet
	batch [maxBatch]*node
}

const (
	maxBatch = 32
	// maxLevel is the highest level of a search: 1 in 19 nodes is on it.
	maxLevel = 3
)

// NewReverseIterator implements [memtable.MemTable].
func (t *table) NewReverseIterator() ikey.ReverseIterator { return &reverseIterator{t: t} }

// SeekLT implements [ikey.ReverseIterator]. The first batch after a seek is small, for
// short scans.
func (it *reverseIterator) SeekLT(k ikey.Key) bool {
	it.level = 0
	return it.fill(k)
}

// Prev implements [ikey.ReverseIterator].
func (it *reverseIterator) Prev() bool {
	if it.left == 0 {
		it.level = min(it.level+1, maxLevel)
		return it.fill(it.n.Key())
	}
	it.take()
	return true
}

// fill reads the batch of the nodes before k, and takes its last one.
func (it *reverseIterator) fill(k ikey.Key) bool {
	n := it.t.headNode()
	if it.level < int(it.t.height.Load()) {
		n = it.t.lastBefore(k, it.level)
	}
	it.added = 0
	if n != it.t.headNode() {
		it.add(n)
	}
	for ref := link(n.link(0).Load()).ref(); ref != 0; ref = link(n.link(0).Load()).ref() {
		if n = nodeAt(it.t.arena, ref); !n.Before(k) {
			break
		}
		it.add(n)
	}
	if it.left = min(it.added, maxBatch); it.left == 0 {
		return false
	}
	it.take()
	return true
}

// lastBefore returns the last node before k on a level, the head if there is none.
func (t *table) lastBefore(k ikey.Key, level int) *node {
	tg := t.newTarget(k)
	n, l, at := t.start(&tg, level+1)
	for at > level {
		at--
		n, l = t.advance(n, at, &tg, l.ref(), noLimit)
	}
	return n
}

func (it *reverseIterator) add(n *node) {
	it.batch[it.added%maxBatch] = n
	it.added++
}

// take moves to the last node of the batch that is not visited yet.
func (it *reverseIterator) take() {
	it.left--
	it.added--
	it.n = it.batch[it.added%maxBatch]
}

// Key implements [ikey.ReverseIterator].
func (it *reverseIterator) Key() ikey.Key { return it.n.Key() }

// Value implements [ikey.ReverseIterator].
func (it *reverseIterator) Value() []byte { return it.n.Value() }

// Close implements [ikey.ReverseIterator].
func (it *reverseIterator) Close() error { return nil }

package rbtree

import (
	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// iterator copies entries in batches: a batch is what one state of one segment
// holds from a key on.
type iterator struct {
	t    *table
	s    *segment // of the batch
	next uint32   // the segment after s when the batch was read
	at   *entry
	pos  int
	n    int
	refs [batchSize]arena.Ref
}

const batchSize = 32

// NewIterator implements [memtable.MemTable].
func (t *table) NewIterator() ikey.Iterator { return &iterator{t: t} }

// First implements [ikey.Iterator].
func (it *iterator) First() bool {
	it.s = it.t.segment(it.t.first)
	return it.fill(ikey.SeekKey(nil, ikey.MaxSeq))
}

// SeekGE implements [ikey.Iterator].
func (it *iterator) SeekGE(k ikey.Key) bool {
	it.s = it.t.find(k)
	return it.fill(k)
}

// Next implements [ikey.Iterator].
func (it *iterator) Next() bool {
	it.pos++
	if it.pos < it.n {
		it.at = it.t.entry(it.refs[it.pos])
		return true
	}
	k := it.at.key()
	k.Trailer-- // nothing lies between; 0 is no trailer, for sequence numbers start at 1
	return it.fill(k)
}

// fill reads the batch from k on.
func (it *iterator) fill(k ikey.Key) bool {
	for {
		it.n, it.next = it.t.batch(it.s, k, &it.refs)
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

// batch copies the first entries >= k of s, and returns their number and the
// segment after s.
func (t *table) batch(s *segment, k ikey.Key, out *[batchSize]arena.Ref) (n int, next uint32) {
	for retries := 0; ; retries++ {
		v, locked := s.begin(retries)
		n, ok := t.collect(s, k, out)
		next = s.next.Load()
		if s.end(v, locked) && ok {
			return n, next
		}
	}
}

// collect is batch at one state of s; what it returns is void if the version of
// s changed.
func (t *table) collect(s *segment, k ikey.Key, out *[batchSize]arena.Ref) (n int, ok bool) {
	h := t.head(&s.abbrev, k.User)
	// Ancestors whose entry, and right child, are yet to come.
	var todo [maxDepth + 1]node
	depth := 0
	i := s.root.Load()
	for steps := 0; i != 0; steps++ {
		if steps == len(todo) {
			return 0, false
		}
		sl := s.slot(i)
		nd, nh := node(sl.node.Load()), sl.head.Load()
		if nh < h || nh == h && t.entry(nd.entry()).before(k) {
			i = nd.child(right)
			continue
		}
		todo[depth] = nd
		depth++
		i = nd.child(left)
	}
	for depth > 0 && n < len(out) {
		depth--
		nd := todo[depth]
		out[n] = nd.entry()
		n++
		for i := nd.child(right); i != 0; {
			if depth == len(todo) {
				return 0, false
			}
			todo[depth] = s.load(i)
			i = todo[depth].child(left)
			depth++
		}
	}
	return n, true
}

// Key implements [ikey.Iterator].
func (it *iterator) Key() ikey.Key { return it.at.key() }

// Value implements [ikey.Iterator].
func (it *iterator) Value() []byte { return it.at.value() }

// Close implements [ikey.Iterator].
func (it *iterator) Close() error { return nil }

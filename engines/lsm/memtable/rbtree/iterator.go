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
		it.n, it.next = it.t.batch(it.s, k, it.refs[:max(limit, minBatch)])
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

// batch copies the first entries >= k of s. It returns their number and the segment
// after s.
func (t *table) batch(s *segment, k ikey.Key, out []arena.Ref) (n int, next uint32) {
	for retries := 0; ; retries++ {
		v, locked := s.begin(retries)
		n, ok := t.collect(s, k, out)
		next = s.next.Load()
		if s.end(v, locked) && ok {
			return n, next
		}
	}
}

// collect is batch without the check of the version. If the version of s changes
// meanwhile, the result may be wrong, but collect ends all the same.
func (t *table) collect(s *segment, k ikey.Key, out []arena.Ref) (n int, ok bool) {
	h := t.head(&s.abbrev, k)
	var todo stack
	for i, steps := s.root.Load(), 0; i != 0; steps++ {
		if steps == maxDepth {
			return 0, false
		}
		nd, nh := s.load(i), s.slot(i).head.Load()
		if nd == 0 {
			return 0, false
		}
		if nh < h || nh == h && t.entry(nd.entry()).Before(k) {
			i = nd.child(right)
			continue
		}
		todo.push(nd)
		i = nd.child(left)
	}
	for todo.n > 0 && n < len(out) {
		nd := todo.pop()
		out[n] = nd.entry()
		n++
		for i := nd.child(right); i != 0; i = nd.child(left) {
			if todo.n == maxDepth {
				return 0, false
			}
			nd = s.load(i)
			todo.push(nd)
		}
	}
	return n, true
}

// stack holds the nodes on the path whose entry and right child have not been visited
// yet.
type stack struct {
	n     int
	nodes [maxDepth]node
}

func (st *stack) push(n node) {
	st.nodes[st.n] = n
	st.n++
}

func (st *stack) pop() node {
	st.n--
	return st.nodes[st.n]
}

// Key implements [ikey.Iterator].
func (it *iterator) Key() ikey.Key { return it.at.Key() }

// Value implements [ikey.Iterator].
func (it *iterator) Value() []byte { return it.at.Value() }

// Close implements [ikey.Iterator].
func (it *iterator) Close() error { return nil }

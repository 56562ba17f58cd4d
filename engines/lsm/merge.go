package lsm

import (
	"bytes"
	"errors"

	"lsmlab/engines/internal/invariants"
	"lsmlab/engines/lsm/ikey"
)

// mergeIter merges sorted sources into one sorted walk. It keeps a binary min-heap of the
// keys at which the sources stand. No two sources hold the same internal key, so the order
// among sources never matters.
type mergeIter struct {
	sources []ikey.Iterator // all, also the exhausted ones; owned
	heap    []heapEntry     // those that stand on an entry, smallest first
	// run, if not nil, is the source of tables that has all entries up to bound or, if
	// the run is not bounded, to the end of the walk. The walk may go on in run alone,
	// without comparisons. Then heap[0] is out of date, and the heap is usable again
	// only after endRun or a new position. Only findRun sets run.
	run     *levelIter
	bounded bool
	bound   keyBound
}

// heapEntry caches where a source stands. Where the heads of two keys
// differ, they decide without a look at the keys.
type heapEntry struct {
	it   ikey.Iterator
	key  ikey.Key // the source's own memory: valid until the source moves
	head uint64
}

// failer is what a source has that can end because of an error.
type failer interface{ Err() error }

// init prepares m for a new walk over sources, keeping its memory.
func (m *mergeIter) init(sources []ikey.Iterator) {
	m.sources, m.heap, m.run = sources, m.heap[:0], nil
}

func (m *mergeIter) First() bool { return m.rebuild(ikey.Iterator.First) }

func (m *mergeIter) SeekGE(k ikey.Key) bool {
	return m.rebuild(func(it ikey.Iterator) bool { return it.SeekGE(k) })
}

func (m *mergeIter) rebuild(position func(ikey.Iterator) bool) bool {
	m.heap, m.run = m.heap[:0], nil
	for _, it := range m.sources {
		if position(it) {
			m.heap = append(m.heap, newHeapEntry(it))
		} else if !m.checkEnd(it) {
			return false
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.siftDown(i)
	}
	return len(m.heap) > 0
}

func (m *mergeIter) Next() bool {
	top := &m.heap[0]
	if !invariants.Enabled {
		return m.moved(top.it.Next())
	}
	before := ikey.Key{User: append([]byte(nil), top.key.User...), Trailer: top.key.Trailer}
	ok := m.moved(top.it.Next())
	if ok && ikey.Compare(before, m.heap[0].key) >= 0 {
		panic("lsm: merge out of order: " + before.String() + " then " + m.heap[0].key.String())
	}
	return ok
}

// pass moves on from the present entry, which the range delete of LSN cover hides, as it
// hides all older versions up to end.
func (m *mergeIter) pass(cover ikey.Seq, end []byte) bool {
	if l, ok := m.heap[0].it.(*levelIter); ok {
		return m.moved(l.pass(cover, end))
	}
	return m.Next()
}

// moved puts the first source, which was moved, in its place; ok is what its move
// returned.
func (m *mergeIter) moved(ok bool) bool {
	top := &m.heap[0]
	switch {
	case ok && len(m.heap) == 1:
		top.key = top.it.Key()
		return true
	case ok:
		*top = newHeapEntry(top.it)
	case !m.checkEnd(top.it):
		return false
	default:
		last := len(m.heap) - 1
		*top = m.heap[last]
		m.heap = m.heap[:last]
		if last == 0 {
			return false
		}
	}
	m.siftDown(0)
	return true
}

// findRun sets run and bound for the walk from the present entry on. The bound is the user
// key of the second smallest source, which is a child of the root of the heap. There is
// no run unless that key is greater than the present user key.
func (m *mergeIter) findRun() {
	l, ok := m.heap[0].it.(*levelIter)
	if !ok {
		return
	}
	m.bounded = len(m.heap) > 1
	if m.bounded {
		second := &m.heap[1]
		if len(m.heap) > 2 && m.heap[2].less(second) {
			second = &m.heap[2]
		}
		m.bound = newKeyBound(second.key.User)
		if !m.bound.above(m.heap[0].key.User) {
			return
		}
	}
	m.run = l
}

// endRun ends the run, which has come to bound or, if ok is false, to the end of its source,
// and puts its source back in its place in the heap.
func (m *mergeIter) endRun(ok bool) bool {
	m.run = nil
	return m.moved(ok)
}

func (m *mergeIter) Key() ikey.Key { return m.heap[0].key }

func (m *mergeIter) Value() []byte { return m.heap[0].it.Value() }

// Close closes all sources.
func (m *mergeIter) Close() (err error) {
	for _, it := range m.sources {
		err = errors.Join(err, it.Close())
	}
	clear(m.heap[:cap(m.heap)]) // views of memory that goes
	m.sources, m.heap, m.run, m.bound = m.sources[:0], m.heap[:0], nil, keyBound{}
	return err
}

// checkEnd says whether an exhausted source ended soundly. If not, the whole
// walk ends: to go on without it would hide its entries.
func (m *mergeIter) checkEnd(it ikey.Iterator) bool {
	if f, ok := it.(failer); ok && f.Err() != nil {
		m.heap = m.heap[:0]
		return false
	}
	return true
}

func newHeapEntry(it ikey.Iterator) heapEntry {
	k := it.Key()
	return heapEntry{it, k, ikey.Head(k.User, 0)}
}

func (e *heapEntry) less(o *heapEntry) bool {
	if e.head != o.head {
		return e.head < o.head
	}
	return ikey.Compare(e.key, o.key) < 0
}

// keyBound is a user key with its first words.
type keyBound struct {
	user  []byte
	heads [2]uint64
}

func newKeyBound(user []byte) keyBound {
	return keyBound{user, [2]uint64{ikey.Head(user, 0), ikey.Head(user, 8)}}
}

// above says whether user sorts before b.
func (b *keyBound) above(user []byte) bool {
	if h := ikey.Head(user, 0); h != b.heads[0] {
		return h < b.heads[0]
	}
	if h := ikey.Head(user, 8); h != b.heads[1] {
		return h < b.heads[1]
	}
	return bytes.Compare(user, b.user) < 0
}

func (m *mergeIter) siftDown(i int) {
	h := m.heap
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if right := child + 1; right < len(h) && h[right].less(&h[child]) {
			child = right
		}
		if !h[child].less(&h[i]) {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}

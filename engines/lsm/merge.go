package lsm

import (
	"errors"

	"lsmlab/engines/internal/invariants"
	"lsmlab/engines/lsm/ikey"
)

// mergeIter merges sorted sources into one sorted walk: a binary min-heap of
// the sources' present keys. No two sources hold the same internal key.
type mergeIter struct {
	sources []ikey.Iterator // all, also the exhausted ones; owned
	heap    []heapEntry     // those that stand on an entry, smallest first
	// level is the one source that is left, if it reads tables: the rest of the
	// walk is its own, and may be made without m.
	level *levelIter
}

// heapEntry caches where a source stands; head decides most comparisons.
type heapEntry struct {
	it   ikey.Iterator
	key  ikey.Key
	head uint64
}

// failer is what a source has that can end because of an error.
type failer interface{ Err() error }

// init prepares m for a new walk over sources, keeping its memory.
func (m *mergeIter) init(sources []ikey.Iterator) {
	m.sources, m.heap, m.level = sources, m.heap[:0], nil
}

func (m *mergeIter) First() bool { return m.rebuild(ikey.Iterator.First) }

func (m *mergeIter) SeekGE(k ikey.Key) bool {
	return m.rebuild(func(it ikey.Iterator) bool { return it.SeekGE(k) })
}

func (m *mergeIter) rebuild(position func(ikey.Iterator) bool) bool {
	m.heap = m.heap[:0]
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
	m.noteLast()
	return len(m.heap) > 0
}

// noteLast sets level.
func (m *mergeIter) noteLast() {
	m.level = nil
	if len(m.heap) == 1 {
		m.level, _ = m.heap[0].it.(*levelIter)
	}
}

func (m *mergeIter) Next() bool {
	top := &m.heap[0]
	var before ikey.Key
	if invariants.Enabled {
		before = ikey.Key{User: append([]byte(nil), top.key.User...), Trailer: top.key.Trailer}
	}
	switch {
	case top.it.Next():
		if len(m.heap) == 1 {
			top.key = top.it.Key()
		} else {
			*top = newHeapEntry(top.it)
			m.siftDown(0)
		}
	case !m.checkEnd(top.it):
		return false
	default:
		last := len(m.heap) - 1
		m.heap[0] = m.heap[last]
		m.heap = m.heap[:last]
		m.noteLast()
		if last == 0 {
			return false
		}
		m.siftDown(0)
	}
	if invariants.Enabled && ikey.Compare(before, m.heap[0].key) >= 0 {
		panic("lsm: merge out of order: " + before.String() + " then " + m.heap[0].key.String())
	}
	return true
}

func (m *mergeIter) Key() ikey.Key { return m.heap[0].key }

func (m *mergeIter) Value() []byte { return m.heap[0].it.Value() }

// Close closes all sources.
func (m *mergeIter) Close() (err error) {
	for _, it := range m.sources {
		err = errors.Join(err, it.Close())
	}
	m.sources, m.heap, m.level = m.sources[:0], m.heap[:0], nil
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

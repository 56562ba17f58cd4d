package lsm

import (
	"container/heap"
	"errors"

	"lsmlab/engines/internal/invariants"
	"lsmlab/engines/lsm/ikey"
)

// reverseMerge merges sources into one walk downwards, as mergeIter does upwards. It
// uses container/heap and knows no runs.
type reverseMerge struct {
	sources []ikey.ReverseIterator // all, also the exhausted ones; owned
	heap    reverseHeap            // those that stand on an entry, greatest first
	failed  bool                   // the walk ended because a source met an error
}

func (m *reverseMerge) SeekLT(k ikey.Key) bool {
	m.heap = m.heap[:0]
	for _, it := range m.sources {
		if it.SeekLT(k) {
			m.heap = append(m.heap, newReverseEntry(it))
		} else if !m.checkEnd(it) {
			return false
		}
	}
	heap.Init(&m.heap)
	return len(m.heap) > 0
}

// Prev may be called only while the walk is at an entry.
func (m *reverseMerge) Prev() bool {
	if !invariants.Enabled {
		return m.move()
	}
	top := m.heap[0].key
	before := ikey.Key{User: append([]byte(nil), top.User...), Trailer: top.Trailer}
	ok := m.move()
	if ok && ikey.Compare(before, m.heap[0].key) <= 0 {
		panic("lsm: reverse merge out of order: " + before.String() + " then " + m.heap[0].key.String())
	}
	return ok
}

func (m *reverseMerge) move() bool { return m.moved(m.heap[0].it.Prev()) }

// moved puts the first source, which was moved, in its place; ok is what its move returned.
func (m *reverseMerge) moved(ok bool) bool {
	switch top := &m.heap[0]; {
	case ok:
		*top = newReverseEntry(top.it)
		if len(m.heap) > 1 {
			heap.Fix(&m.heap, 0)
		}
	case !m.checkEnd(top.it):
		return false
	default:
		heap.Pop(&m.heap)
	}
	return len(m.heap) > 0
}

// pass moves on from the present entry, which the range delete of LSN cover hides, as it
// hides all older versions down to start.
func (m *reverseMerge) pass(cover ikey.Seq, start []byte) bool {
	if l, ok := m.heap[0].it.(*reverseLevel); ok {
		return m.moved(l.pass(cover, start))
	}
	return m.Prev()
}

func (m *reverseMerge) Key() ikey.Key { return m.heap[0].key }

func (m *reverseMerge) Value() []byte { return m.heap[0].it.Value() }

// Close closes all sources.
func (m *reverseMerge) Close() (err error) {
	for _, it := range m.sources {
		err = errors.Join(err, it.Close())
	}
	clear(m.heap[:cap(m.heap)]) // views of memory that goes
	*m = reverseMerge{heap: m.heap[:0]}
	return err
}

// checkEnd says whether an exhausted source ended soundly. If not, the whole walk ends.
func (m *reverseMerge) checkEnd(it ikey.ReverseIterator) bool {
	if f, ok := it.(failer); ok && f.Err() != nil {
		m.heap, m.failed = m.heap[:0], true
		return false
	}
	return true
}

// reverseEntry caches where a source stands; head decides most comparisons.
type reverseEntry struct {
	it   ikey.ReverseIterator
	key  ikey.Key
	head uint64
}

func newReverseEntry(it ikey.ReverseIterator) reverseEntry {
	k := it.Key()
	return reverseEntry{it, k, ikey.Head(k.User, 0)}
}

// reverseHeap is a [heap.Interface], of which the greatest key comes first.
type reverseHeap []reverseEntry

func (h reverseHeap) Len() int { return len(h) }

func (h reverseHeap) Less(i, j int) bool {
	if h[i].head != h[j].head {
		return h[i].head > h[j].head
	}
	return ikey.Compare(h[i].key, h[j].key) > 0
}

func (h reverseHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements [heap.Interface]; the merge adds no source to a heap.
func (h *reverseHeap) Push(any) { panic("lsm: push to a heap of sources") }

// Pop implements [heap.Interface]. It returns nil: m.sources still has the source.
func (h *reverseHeap) Pop() any {
	*h = (*h)[:len(*h)-1]
	return nil
}

package jump

import (
	"bytes"
	"errors"

	"lsmlab/engines/kv"
)

// walker is what iterators of both directions have in common.
type walker interface {
	Key() []byte
	Value() []byte
	Close() error
}

// merge walks the entries of all shards in one order: heap is a binary heap of the
// iterators that stand on an entry, the first entry on top. No two shards have one key.
type merge[I walker] struct {
	shards []I
	heap   []I
	before func(a, b I) bool
}

// at returns the entry that the walk stands on.
func (m *merge[I]) at() (key, value []byte, ok bool) {
	if len(m.heap) == 0 {
		return nil, nil, false
	}
	return m.heap[0].Key(), m.heap[0].Value(), true
}

// position begins a walk: move positions one iterator.
func (m *merge[I]) position(move func(I) bool) (key, value []byte, ok bool) {
	m.heap = m.heap[:0]
	for _, it := range m.shards {
		if move(it) {
			m.heap = append(m.heap, it)
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
	return m.at()
}

// advance goes on from the entry that the walk stands on.
func (m *merge[I]) advance(move func(I) bool) (key, value []byte, ok bool) {
	if last := len(m.heap) - 1; !move(m.heap[0]) {
		m.heap[0] = m.heap[last]
		m.heap = m.heap[:last]
	}
	m.sink(0)
	return m.at()
}

// sink restores the order of the heap below i.
func (m *merge[I]) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m.heap); child++ {
			if m.before(m.heap[child], m.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}

// Close closes the iterators of all shards.
func (m *merge[I]) Close() (err error) {
	for _, it := range m.shards {
		err = errors.Join(err, it.Close())
	}
	return err
}

// cursor is a merge upwards. It implements [adapter.Cursor].
type cursor struct{ merge[kv.Iterator] }

func newCursor(shards []kv.Iterator) *cursor {
	return &cursor{merge[kv.Iterator]{shards: shards, before: func(a, b kv.Iterator) bool {
		return bytes.Compare(a.Key(), b.Key()) < 0
	}}}
}

func (c *cursor) First() (key, value []byte, ok bool) { return c.position(kv.Iterator.First) }
func (c *cursor) Next() (key, value []byte, ok bool)  { return c.advance(kv.Iterator.Next) }

func (c *cursor) SeekGE(key []byte) (k, value []byte, ok bool) {
	return c.position(func(it kv.Iterator) bool { return it.SeekGE(key) })
}

// reverseCursor is a merge downwards. It implements [adapter.ReverseCursor].
type reverseCursor struct{ merge[kv.ReverseIterator] }

func newReverseCursor(shards []kv.ReverseIterator) *reverseCursor {
	return &reverseCursor{merge[kv.ReverseIterator]{shards: shards, before: func(a, b kv.ReverseIterator) bool {
		return bytes.Compare(a.Key(), b.Key()) > 0
	}}}
}

func (c *reverseCursor) Last() (key, value []byte, ok bool) {
	return c.position(kv.ReverseIterator.Last)
}
func (c *reverseCursor) Prev() (key, value []byte, ok bool) {
	return c.advance(kv.ReverseIterator.Prev)
}

func (c *reverseCursor) SeekLT(key []byte) (k, value []byte, ok bool) {
	return c.position(func(it kv.ReverseIterator) bool { return it.SeekLT(key) })
}

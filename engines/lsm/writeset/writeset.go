// Package writeset keeps the writes that a transaction has made and nobody else sees
// yet, in key order, so that the transaction reads them over its snapshot.
//
// It is a skiplist (Pugh, CACM 1990) in one slice. Links are indexes of that slice, so
// that it may grow while iterators stand in it. Invariants:
//
//  1. The n-th write is node n. Nodes are added and never changed, but for their links.
//  2. Of the writes of one key the newest stands first.
//
// So an iterator that was made after n writes sees a set that does not change: it passes
// over all nodes above n.
//
// A set and its iterators are used by one goroutine at a time.
package writeset

import (
	"bytes"
	"math/rand/v2"

	"lsmlab/engines/kv"
)

// maxHeight is enough for 4^12 writes; a larger set becomes slower, not wrong.
const maxHeight = 12

// Set is an ordered set of writes. The zero value is empty and ready.
type Set struct {
	nodes  []node // nodes[0] is before all
	height int    // of the highest node
}

// node is one write. next are the nodes after it, by level; 0 is none.
type node struct {
	key, value []byte
	kind       kv.OpKind
	next       [maxHeight]int32
}

// Add adds a write, which hides earlier ones of the same key. The set keeps key and
// value, which must not change until Reset.
func (s *Set) Add(kind kv.OpKind, key, value []byte) {
	if len(s.nodes) == 0 {
		s.nodes = append(s.nodes, node{})
	}
	var before [maxHeight]int32
	s.find(key, &before)
	n := node{key: key, value: value, kind: kind}
	number, height := int32(len(s.nodes)), randomHeight()
	for level := range height {
		n.next[level] = s.nodes[before[level]].next[level]
	}
	s.nodes = append(s.nodes, n)
	for level := range height {
		s.nodes[before[level]].next[level] = number
	}
	s.height = max(s.height, height)
}

// randomHeight returns 1, and one more with odds of 1 in 4, again and again.
func randomHeight() int {
	height := 1
	for bits := rand.Uint32(); bits&3 == 0 && height < maxHeight; bits >>= 2 {
		height++
	}
	return height
}

// find returns the first node at or after key, 0 if there is none, and on each level the
// last node before key.
func (s *Set) find(key []byte, before *[maxHeight]int32) int32 {
	at, next := int32(0), int32(0)
	for level := s.height - 1; level >= 0; level-- {
		for next = s.nodes[at].next[level]; next != 0 && bytes.Compare(s.nodes[next].key, key) < 0; next = s.nodes[at].next[level] {
			at = next
		}
		before[level] = at
	}
	return next
}

// Len returns the number of writes.
func (s *Set) Len() int { return max(0, len(s.nodes)-1) }

// Get returns the newest write of key. value is a view of what Add was given.
func (s *Set) Get(key []byte) (value []byte, kind kv.OpKind, ok bool) {
	if s.Len() == 0 {
		return nil, 0, false
	}
	var before [maxHeight]int32
	n := &s.nodes[s.find(key, &before)]
	if n == &s.nodes[0] || !bytes.Equal(n.key, key) {
		return nil, 0, false
	}
	return n.value, n.kind, true
}

// Reset empties the set and keeps its memory. No iterator of it may be used after.
func (s *Set) Reset() {
	clear(s.nodes) // views of what the caller owns
	s.nodes, s.height = s.nodes[:0], 0
}

// Iter walks the newest write of each key, in key order or against it, as the set was when
// Iter was called. It begins before the first.
type Iter struct {
	set   *Set
	limit int32 // the first node that it does not see
	at    int32 // the node that it stands on; 0 is none
}

// Iter returns an iterator.
func (s *Set) Iter() Iter { return Iter{set: s, limit: int32(len(s.nodes))} }

// SeekGE moves to the first key at or after key and says whether there is one.
func (it *Iter) SeekGE(key []byte) bool {
	it.at = 0
	if it.limit <= 1 {
		return false
	}
	var before [maxHeight]int32
	return it.findVisible(it.set.find(key, &before))
}

// Next moves to the next key and says whether there is one. It may be called only while
// the iterator stands on one.
func (it *Iter) Next() bool {
	nodes := it.set.nodes
	passed, next := nodes[it.at].key, nodes[it.at].next[0]
	for next != 0 && bytes.Equal(nodes[next].key, passed) {
		next = nodes[next].next[0]
	}
	return it.findVisible(next)
}

// SeekLT moves to the last key before key and says whether there is one.
func (it *Iter) SeekLT(key []byte) bool {
	it.at = 0
	if it.limit <= 1 {
		return false
	}
	var before [maxHeight]int32
	it.set.find(key, &before)
	return it.findVisibleBack(before[0])
}

// Last moves to the last key and says whether there is one.
func (it *Iter) Last() bool {
	it.at = 0
	if it.limit <= 1 {
		return false
	}
	last, nodes := int32(0), it.set.nodes
	for level := it.set.height - 1; level >= 0; level-- {
		for next := nodes[last].next[level]; next != 0; next = nodes[last].next[level] {
			last = next
		}
	}
	return it.findVisibleBack(last)
}

// Prev moves to the key before and says whether there is one. It may be called only while
// the iterator stands on one.
func (it *Iter) Prev() bool { return it.SeekLT(it.Key()) }

// findVisibleBack moves to the key of n, the oldest write of that key, or if the iterator sees
// no write of it, to a key before. The newest write that it sees stands first.
func (it *Iter) findVisibleBack(n int32) bool {
	nodes := it.set.nodes
	for n != 0 {
		var before [maxHeight]int32
		first := it.set.find(nodes[n].key, &before)
		if n < it.limit {
			return it.findVisible(first)
		}
		n = before[0]
	}
	return false
}

// findVisible moves on from n to the first node that the iterator sees.
func (it *Iter) findVisible(n int32) bool {
	for n >= it.limit {
		n = it.set.nodes[n].next[0]
	}
	it.at = n
	return n != 0
}

// Valid says whether the iterator stands on a key.
func (it *Iter) Valid() bool { return it.at != 0 }

// Key returns the key at hand, a view of what Add was given.
func (it *Iter) Key() []byte { return it.set.nodes[it.at].key }

// Value returns the value at hand, a view of what Add was given.
func (it *Iter) Value() []byte { return it.set.nodes[it.at].value }

// Kind says what the write at hand does.
func (it *Iter) Kind() kv.OpKind { return it.set.nodes[it.at].kind }

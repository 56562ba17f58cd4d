package rbtree

import (
	"slices"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// placed is an entry with its head.
type placed struct {
	head  uint64
	entry arena.Ref
}

// split adds e, whose key is k, to the full segment s and moves the upper part of
// it to a new segment. The caller holds the lock of s.
func (t *table) split(s *segment, k ikey.Key, e arena.Ref) {
	t.splitting.Lock()
	defer t.splitting.Unlock()
	all := s.inOrder(s.root.Load(), t.order[:0])
	pos, _ := slices.BinarySearchFunc(all, k, func(p placed, k ikey.Key) int { return t.entry(p.entry).compare(k) })
	all = slices.Insert(all, pos, placed{t.head(&s.abbrev, k), e})
	t.order = all
	mid := splitPoint(len(all), pos)

	lower, upper := all[:mid], all[mid:]
	last := upper[len(upper)-1].entry
	if next := s.next.Load(); next != 0 {
		last = t.segment(arena.Ref(next)).low
	}
	ref, u := t.newSegment(upper[0].entry, s.next.Load())
	t.build(u, upper, &s.abbrev, last, &t.shapes[1])

	s.version.Add(1)
	t.build(s, lower, &s.abbrev, upper[0].entry, &t.shapes[0])
	s.next.Store(uint32(ref))
	s.version.Add(1)
	t.dirInsert(ref)
}

// splitPoint returns how many of n entries, the new one at pos, stay.
// Where keys come in order, the old segment stays full.
func splitPoint(n, pos int) int {
	margin := n / 64
	switch {
	case pos >= n-1-margin:
		return pos
	case pos <= margin:
		return pos + 1
	}
	return n / 2
}

// inOrder appends what is in the subtree at i. The caller holds the lock.
func (s *segment) inOrder(i uint32, dst []placed) []placed {
	if i == 0 {
		return dst
	}
	n := s.load(i)
	dst = s.inOrder(n.child(left), dst)
	dst = append(dst, placed{s.slot(i).head.Load(), n.entry()})
	return s.inOrder(n.child(right), dst)
}

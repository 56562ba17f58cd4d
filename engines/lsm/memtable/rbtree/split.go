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
	pos, _ := slices.BinarySearchFunc(all, k, func(p placed, k ikey.Key) int { return t.entry(p.entry).Compare(k) })
	all = slices.Insert(all, pos, placed{t.head(&s.abbrev, k), e})
	t.order = all
	mid := splitPoint(s, all, pos)

	lower, upper := all[:mid], all[mid:]
	// Beside an unknown neighbour keys may go on as they went so far.
	whole := t.prefixOf(all[0].entry, all[len(all)-1].entry)
	lowerPrefix, upperPrefix := whole, whole
	if s.low != 0 {
		lowerPrefix = t.prefixOf(s.low, upper[0].entry)
	}
	next := s.next.Load()
	if next != 0 {
		upperPrefix = t.prefixOf(upper[0].entry, t.segment(arena.Ref(next)).low)
	}
	lowerPlan := t.newPlan(lower, &s.abbrev, lowerPrefix, &t.shapes[0])
	upperPlan := t.newPlan(upper, &s.abbrev, upperPrefix, &t.shapes[1])

	ref, u := t.newSegment(upper[0].entry, next)
	t.build(u, upperPlan)
	s.version.Add(1)
	t.build(s, lowerPlan)
	s.next.Store(uint32(ref))
	s.version.Add(1)
	t.dirInsert(ref)
}

// splitPoint returns how many of all, the new entry at pos, stay in s: half,
// unless keys come in order there. Then the side that the run has left is left
// full, the other with room. Runs show by the last insert into s having been next
// to this one, or, with several writers at the end of the table, near it.
func splitPoint(s *segment, all []placed, pos int) int {
	n := len(all)
	near := n / 64
	newest := s.load(s.newest).entry()
	switch {
	case pos <= n/2 && (s.low == 0 && pos <= near || all[pos+1].entry == newest):
		return pos + 1
	case pos >= n/2 && (s.next.Load() == 0 && pos >= n-1-near || all[pos-1].entry == newest):
		return pos
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

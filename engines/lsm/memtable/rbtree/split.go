package rbtree

import (
	"slices"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// placed is an entry and its head.
type placed struct {
	head  uint64
	entry arena.Ref
}

// split adds e, whose key is k, to the full segment s, and moves the upper part of s to
// a new segment. The caller holds the lock of s.
func (t *table) split(s *segment, k ikey.Key, e arena.Ref) {
	t.splitting.Lock()
	defer t.splitting.Unlock()
	all := s.inOrder(s.root.Load(), t.order[:0])
	pos, _ := slices.BinarySearchFunc(all, k, func(p placed, k ikey.Key) int { return t.entry(p.entry).Compare(k) })
	all = slices.Insert(all, pos, placed{t.head(&s.abbrev, k), e})
	t.order = all
	mid := splitPoint(s, all, pos)

	lower, upper := all[:mid], all[mid:]
	// On a side without a neighbour, later keys may look like the present ones.
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

// splitPoint returns how many of all stay in s; the new entry is at pos. It is half of
// them, unless keys come in order there. Then the half that the run of keys has passed
// is left full, and the other has room. Keys come in order if the last insert into s is
// a neighbour of this one. At an end of the table it suffices that the new entry is
// near the end, because several writers do not come in strict order.
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

// inOrder appends the entries of the subtree at i to dst. The caller holds the lock of
// s.
func (s *segment) inOrder(i uint32, dst []placed) []placed {
	if i == 0 {
		return dst
	}
	n := s.load(i)
	dst = s.inOrder(n.child(left), dst)
	dst = append(dst, placed{s.slot(i).head.Load(), n.entry()})
	return s.inOrder(n.child(right), dst)
}

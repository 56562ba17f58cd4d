package rbtree

import (
	"math/bits"
	"slices"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/internal/invariants"
	"lsmlab/engines/lsm/ikey"
)

// split adds e, whose key is k, to the full segment s and moves the upper part of
// it to a new segment. The caller holds the lock of s.
func (t *table) split(s *segment, k ikey.Key, e arena.Ref) {
	t.splitting.Lock()
	defer t.splitting.Unlock()
	all := t.inOrder(s, s.root.Load(), t.order[:0])
	pos := 0
	for lo, hi := 0, len(all); lo < hi; pos = lo {
		if mid := (lo + hi) / 2; t.entry(all[mid]).before(k) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	all = slices.Insert(all, pos, e)
	t.order = all
	mid := splitPoint(len(all), pos)

	lower, upper := all[:mid], all[mid:]
	last := upper[len(upper)-1]
	if next := s.next.Load(); next != 0 {
		last = t.segment(arena.Ref(next)).low
	}
	ref, u := t.newSegment(upper[0], s.next.Load())
	t.build(u, upper, t.newAbbrev(upper[0], last))

	s.version.Add(1)
	t.build(s, lower, t.newAbbrev(lower[0], upper[0]))
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

func (t *table) inOrder(s *segment, i uint32, dst []arena.Ref) []arena.Ref {
	if i == 0 {
		return dst
	}
	n := s.load(i)
	dst = t.inOrder(s, n.child(left), dst)
	dst = append(dst, n.entry())
	return t.inOrder(s, n.child(right), dst)
}

// build makes s the balanced tree of sorted entries. The caller holds the lock
// of s and made its version odd, or nothing leads to s.
func (t *table) build(s *segment, sorted []arena.Ref, a abbrev) {
	s.abbrev.Store(uint64(a))
	b := builder{t, s, sorted, a, bits.Len(uint(len(sorted)+1)) - 1}
	s.root.Store(b.build(0, len(sorted), 0))
	s.count = uint32(len(sorted))
	if invariants.Enabled {
		t.check(s)
	}
}

type builder struct {
	t        *table
	s        *segment
	sorted   []arena.Ref
	abbrev   abbrev
	redDepth int
}

func (b *builder) build(lo, hi, depth int) uint32 {
	if lo == hi {
		return 0
	}
	mid := (lo + hi) / 2
	e := b.sorted[mid]
	i := uint32(mid + 1)
	n := newNode(e).
		withChild(left, b.build(lo, mid, depth+1)).
		withChild(right, b.build(mid+1, hi, depth+1))
	if depth != b.redDepth {
		n &^= red
	}
	b.s.slot(i).head.Store(b.t.head(b.abbrev, b.t.entry(e).user()))
	b.s.store(i, n)
	return i
}

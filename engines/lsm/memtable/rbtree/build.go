package rbtree

import (
	"lsmlab/engines/internal/arena"
	"lsmlab/engines/internal/invariants"
)

// build makes s the balanced tree of sorted entries, all below end. The caller
// holds the lock of s and made its version odd, or nothing leads to s.
func (t *table) build(s *segment, sorted []placed, made *abbrev, end arena.Ref, cache **shape) {
	if *cache == nil || len((*cache).slots) != len(sorted) {
		*cache = newShape(len(sorted), t.tune.lines)
	}
	sh := *cache
	p := t.prefixOf(sorted[0].entry, end)
	same := t.same(made, p)
	t.set(&s.abbrev, p)
	if !same {
		for i := range sorted {
			sorted[i].head = t.head(&s.abbrev, t.entry(sorted[i].entry).key())
		}
	}
	s.lines, s.scan = 0, 0
	for range sh.lines {
		s.newLine()
	}
	for i := range sorted {
		at := sh.slots[i]
		s.slot(at.slot).head.Store(sorted[i].head)
		s.store(at.slot, at.node|newNode(sorted[i].entry)&^red)
	}
	s.root.Store(sh.root)
	if invariants.Enabled {
		t.check(s)
	}
}

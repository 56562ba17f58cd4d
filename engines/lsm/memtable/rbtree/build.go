package rbtree

import "lsmlab/engines/internal/invariants"

// plan is what a segment shall hold: sorted entries with the heads that prefix
// makes, and their places.
type plan struct {
	sorted []placed
	prefix prefix
	shape  *shape
}

// newPlan makes heads anew unless those of sorted, made by old, are right. cache
// is the shape of an earlier plan, or nil: most splits are alike.
func (t *table) newPlan(sorted []placed, old *abbrev, p prefix, cache **shape) plan {
	if !t.same(old, p) {
		var a abbrev
		t.set(&a, p)
		for i := range sorted {
			sorted[i].head = t.head(&a, t.entry(sorted[i].entry).Key())
		}
	}
	if *cache == nil || len((*cache).places) != len(sorted) {
		*cache = newShape(len(sorted), t.tune.lines)
	}
	return plan{sorted, p, *cache}
}

// build makes s what p says. The caller holds the lock of s and made its version
// odd, or nothing leads to s.
func (t *table) build(s *segment, p plan) {
	t.set(&s.abbrev, p.prefix)
	s.lines, s.scan, s.newest = 0, 0, 0
	for range p.shape.lines {
		s.newLine()
	}
	for i, e := range p.sorted {
		at := p.shape.places[i]
		s.slot(at.slot).head.Store(e.head)
		s.store(at.slot, at.node|newNode(e.entry))
	}
	s.root.Store(p.shape.root)
	if invariants.Enabled {
		t.check(s)
	}
}

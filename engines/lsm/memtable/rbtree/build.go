package rbtree

import "lsmlab/engines/internal/invariants"

// plan is what a segment will hold: sorted entries, with heads by prefix, and their
// slots.
type plan struct {
	sorted []placed
	prefix prefix
	shape  *shape
}

// newPlan returns the plan of a segment. The heads in sorted were made by old; newPlan
// makes new ones if p is another prefix. cache is the shape of an earlier plan, or nil:
// most splits have the same shape.
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

// build fills s as the plan says. Either the caller holds the lock of s and made its
// version odd, or no reference leads to s yet.
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

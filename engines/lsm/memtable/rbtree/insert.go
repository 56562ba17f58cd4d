package rbtree

import (
	"math/bits"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/internal/invariants"
	"lsmlab/engines/lsm/ikey"
)

// path is the way from the root down to a nil link: at slot at[i], take the child
// sides[i].
type path struct {
	n     int
	at    [maxDepth + 1]uint16
	sides [maxDepth + 1]side
}

// descend finds the nil link where k belongs. atEnd says that s has no entry after k.
// The caller holds the lock of s.
func (t *table) descend(s *segment, k ikey.Key, h uint64, p *path) (atEnd bool) {
	p.n = 0
	all := uint64(1) // stays 1 as long as every turn is to the right
	for i := s.root.Load(); i != 0; p.n++ {
		sl := s.slot(i)
		n, nh := node(sl.node.Load()), sl.head.Load()
		_, before := bits.Sub64(nh, h, 0)
		if nh == h && t.entry(n.entry()).Before(k) {
			before = 1
		}
		p.at[p.n], p.sides[p.n] = uint16(i), side(before)
		all &= before
		i = n.child(side(before))
	}
	return all != 0
}

// insert links a new node at the end of p. It returns false if s is full. The caller
// holds the lock of s.
func (t *table) insert(s *segment, p *path, h uint64, e arena.Ref) bool {
	parent := uint32(0)
	if p.n > 0 {
		parent = uint32(p.at[p.n-1])
	}
	i := s.freeSlot(parent, t.tune.lines)
	if i == 0 {
		return false
	}
	s.newest = i
	s.slot(i).head.Store(h) // before the link below, which publishes the slot
	if parent == 0 {
		s.store(i, newNode(e))
		s.root.Store(i)
	} else {
		s.store(i, newNode(e)|red)
		s.store(parent, s.load(parent).withChild(p.sides[p.n-1], i))
		s.rebalance(p, i)
	}
	if invariants.Enabled && s.lines <= checkedLines {
		t.check(s)
	}
	return true
}

// freeSlot returns a slot for a child of parent. It prefers the cache line of parent,
// so that a descent touches few lines. It returns 0 if s is full.
func (s *segment) freeSlot(parent uint32, maxLines int) uint32 {
	line := parent &^ (lineSlots - 1)
	for i := max(line, 1); i < line+lineSlots; i++ {
		if s.load(i) == 0 {
			return i
		}
	}
	if int(s.lines) < maxLines {
		return s.newLine()
	}
	for ; int(s.scan) < maxLines*lineSlots; s.scan++ {
		if i := uint32(s.scan); i > 0 && s.load(i) == 0 {
			return i
		}
	}
	return 0
}

// newLine begins to use another line and returns the first slot of that line.
func (s *segment) newLine() uint32 {
	line := uint32(s.lines) * lineSlots
	s.lines++
	for i := range uint32(lineSlots) {
		s.store(line+i, 0)
	}
	return max(line, 1)
}

// rebalance restores "a red node has no red child". At most x, the node to which p
// leads, and its parent violate it. Readers do not look at colours, so only the
// rotation, of which there is at most one, needs a new version.
func (s *segment) rebalance(p *path, x uint32) {
	for n := p.n; n >= 2; n -= 2 {
		parent, grand := uint32(p.at[n-1]), uint32(p.at[n-2])
		pn, gn := s.load(parent), s.load(grand)
		if !pn.isRed() {
			return
		}
		uncle := gn.child(p.sides[n-2] ^ 1)
		un := s.load(uncle)
		if uncle == 0 || !un.isRed() {
			s.rotate(p, n, x)
			return
		}
		s.store(parent, pn&^red)
		s.store(uncle, un&^red)
		if n == 2 {
			return // the root stays black
		}
		s.store(grand, gn|red)
		x = grand
	}
}

// rotate takes x, its parent p.at[n-1] and its grandparent p.at[n-2]. It makes the
// middle one of the three their root, which is black and has red children. The version is
// odd meanwhile: a reader that descends through the three nodes may miss a subtree, and
// starts again.
func (s *segment) rotate(p *path, n int, x uint32) {
	parent, grand := uint32(p.at[n-1]), uint32(p.at[n-2])
	pn, gn := s.load(parent), s.load(grand)
	inner := p.sides[n-2] ^ 1
	s.version.Add(1)
	top := parent
	if p.sides[n-1] == inner {
		xn := s.load(x)
		top = x
		pn = pn.withChild(inner, xn.child(inner^1))
		gn = gn.withChild(inner^1, xn.child(inner))
		s.store(x, xn.withChild(inner^1, parent).withChild(inner, grand)&^red)
		s.store(parent, pn)
	} else {
		gn = gn.withChild(inner^1, pn.child(inner))
		s.store(parent, pn.withChild(inner, grand)&^red)
	}
	s.store(grand, gn|red)
	if n == 2 {
		s.root.Store(top)
	} else {
		above := uint32(p.at[n-3])
		s.store(above, s.load(above).withChild(p.sides[n-3], top))
	}
	s.version.Add(1)
}

package bptree

import (
	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// path remembers the inner nodes on the way down, by level; 0 means not known. Levels
// above the end of the array are searched again when a split reaches them.
type path [12]arena.Ref

// descend returns a node of the level from which k is reached by moving right only.
// known is an upper bound of k, or 0 if descend met none. p may be nil.
func (t *tree) descend(k ikey.Key, level uint32, p *path) (at, known arena.Ref) {
	root := rootRef(t.root.Load())
	at = root.ref()
	for l := root.level(); l > level; {
		n := t.inner(at)
		m, lnk := n.load()
		if m&locked != 0 {
			at, known = t.childLocked(n, k), 0
			l--
			continue
		}
		if !t.covers(lnk, known, k) {
			at = lnk.next()
			continue
		}
		i := t.searchInner(n, m, k)
		child, upper := childOf(n.kids[i].Load()), lnk.high()
		if i+1 < m.count() {
			upper = fenceOf(n.kids[i+1].Load())
		}
		if !n.is(m) {
			continue
		}
		if p != nil && l < uint32(len(p)) {
			p[l] = at
		}
		at, known = child, upper
		l--
	}
	return at, known
}

// searchInner returns the last child whose lower fence is <= k. The result is right if
// the node was in state m before and after the call.
func (t *tree) searchInner(n *inner, m meta, k ikey.Key) int {
	head := m.skip().head64(k)
	pos := lowerBound(n.heads[1:m.count()], head)
	if pos+1 == m.count() || n.heads[pos+1].Load() != head {
		return pos
	}
	lo, hi := pos+1, m.count() // search for the first fence > k, among those of equal head
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if n.heads[mid].Load() == head && t.compare(fenceOf(n.kids[mid].Load()), k) <= 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo - 1
}

// childLocked returns a child whose lower fence is <= k while another goroutine changes
// the node. It is right whatever it reads, because each word holds a child together
// with the child's fence.
func (t *tree) childLocked(n *inner, k ikey.Key) arena.Ref {
	for i := innerSlots - 1; i > 0; i-- {
		if w := n.kids[i].Load(); w != 0 && t.compare(fenceOf(w), k) <= 0 {
			return childOf(w)
		}
	}
	return childOf(n.kids[0].Load())
}

// addChild adds a new node, which a split cut off at fence, to the given level, the one
// above the node. The caller holds no lock: until the child is listed, readers reach it by
// moving right (invariant 5). p may be out of date, so the parent is looked for from
// there to the right (invariant 2).
func (t *tree) addChild(level uint32, fence, child arena.Ref, p *path) {
	k, kid := t.key(fence), word(fence)<<32|word(child)
	if t.growRoot(level, kid) {
		return
	}
	at := arena.Ref(0)
	if level < uint32(len(p)) {
		at = p[level]
	}
	if at == 0 {
		at, _ = t.descend(k, level, p)
	}
	for w := waiter(0); ; {
		n := t.inner(at)
		m, lnk := n.load()
		if !t.covers(lnk, 0, k) {
			at = lnk.next()
			continue
		}
		if m&locked != 0 {
			w.wait()
			continue
		}
		pos := t.searchInner(n, m, k) + 1
		if !n.lock(m, 0) {
			continue
		}
		if m.count() < t.innerCap {
			n.shiftRight(pos, m.count(), m.skip().head64(k), kid)
			n.unlock(m.next(0, m.count()+1, m.skip()))
			return
		}
		fence, right := t.splitInner(n, m, lnk, pos, kid)
		t.addChild(level+1, fence, right, p)
		return
	}
}

// shiftRight moves the children [pos, end) one place to the right and puts kid at pos.
func (n *inner) shiftRight(pos, end int, head uint64, kid word) {
	for i := end; i > pos; i-- {
		n.heads[i].Store(n.heads[i-1].Load())
		n.kids[i].Store(n.kids[i-1].Load())
	}
	n.heads[pos].Store(head)
	n.kids[pos].Store(kid)
}

// growRoot makes a new root at level, with the old root and kid as children. It returns
// false if the tree already has that level.
func (t *tree) growRoot(level uint32, kid word) bool {
	if rootRef(t.root.Load()).level() >= level {
		return false
	}
	t.grow.Lock()
	defer t.grow.Unlock()
	old := rootRef(t.root.Load())
	if old.level() >= level {
		return false
	}
	ref, n := t.newInner()
	n.meta = newMeta(0, 2, 0)
	n.kids[0], n.kids[1] = word(old.ref()), kid
	n.heads[1] = skip(0).head64(t.key(fenceOf(kid)))
	t.root.Store(uint64(newRootRef(ref, level)))
	return true
}

// splitInner splits the locked node n in two while it adds kid at pos, unlocks n, and
// returns the fence between the halves and the right half. As in splitLeaf, the right half
// is complete before n's link is stored, and only then is n's own content overwritten
// (invariant 4). At the right edge of the level, a split near the end moves only the
// new child and those after it, so that rising keys leave full nodes behind.
func (t *tree) splitInner(n *inner, m meta, lnk link, pos int, kid word) (fence, right arena.Ref) {
	var buf [innerSlots + 1]word
	count := m.count()
	kids := buf[:count+1]
	for i := range count {
		to := i
		if i >= pos {
			to++
		}
		kids[to] = n.kids[i].Load()
	}
	kids[pos] = kid

	keep := len(kids) / 2
	if lnk.high() == 0 && nearEnd(pos, len(kids)) {
		keep = pos
	}
	fence = fenceOf(kids[keep])
	right, r := t.newInner()
	s := t.fenceSkip(fence, lnk.high())
	r.low, r.link, r.meta = fence, lnk, newMeta(0, len(kids)-keep, s)
	copy(r.kids[:], kids[keep:])
	for i, kid := range kids[keep:] {
		r.heads[i] = s.head64(t.key(fenceOf(kid)))
	}
	n.link.Store(uint64(newLink(fence, right)))

	s = t.fenceSkip(n.low, fence)
	for i := keep - 1; i > 0; i-- {
		if i >= pos || s != m.skip() {
			n.heads[i].Store(s.head64(t.key(fenceOf(kids[i]))))
			n.kids[i].Store(kids[i])
		}
	}
	n.unlock(m.next(0, keep, s))
	return fence, right
}

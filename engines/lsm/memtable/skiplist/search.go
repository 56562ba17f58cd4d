package skiplist

import (
	"math"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// target is a key to search for, with the coder that was current when the search began.
type target struct {
	ikey.Key
	abbrev uint32 // valid if epoch is not 0
	*coder
}

func (t *table) newTarget(k ikey.Key) target {
	tg := target{Key: k, coder: t.coder.Load()}
	if tg.epoch != 0 {
		tg.abbrev = tg.of(k.User)
	}
	return tg
}

const (
	noLimit = math.MaxInt
	// spotLimit is the most steps of a search on the level that the index gave it. One
	// step is expected, but the keys may crowd in few places of the index.
	spotLimit = 8
)

// advance moves along a level from n, which sorts before the target, to the last node
// that does. It returns that node and its link. known is a node that sorts at or after
// the target, or 0; its key is not read again. After limit steps advance returns nil.
func (t *table) advance(n *node, level int, tg *target, known arena.Ref, limit int) (*node, link) {
	for range limit {
		p := n.link(level)
		l := link(p.Load())
		ref := l.ref()
		if ref == 0 || ref == known {
			return n, l
		}
		if l.epoch() == tg.epoch && l.abbrev() != tg.abbrev {
			if l.abbrev() > tg.abbrev {
				return n, l
			}
			n = nodeAt(t.arena, ref)
			continue
		}
		next := nodeAt(t.arena, ref)
		if l.epoch() < tg.epoch {
			// The key is in the cache now: abbreviate it for later searches.
			if better := newLink(ref, tg.epoch, tg.of(next.User())); p.CompareAndSwap(uint64(l), uint64(better)) {
				l = better
			}
		}
		if !next.Before(tg.Key) {
			return n, l
		}
		n = next
	}
	return nil, 0
}

// start returns where a search begins: the last node before the target on some level,
// with its link. The level is at least height, or the highest level in use.
func (t *table) start(tg *target, height int) (n *node, l link, level int) {
	if tg.epoch != 0 {
		if s := tg.near(tg.abbrev); s != 0 && s.height() >= height {
			level = s.height() - 1
			if n, l = t.advance(nodeAt(t.arena, s.ref()), level, tg, 0, spotLimit); n != nil {
				return n, l, level
			}
		}
	}
	level = int(t.height.Load()) - 1
	n, l = t.advance(t.headNode(), level, tg, 0, noLimit)
	return n, l, level
}

// find returns a link to the first node at or after the target.
func (t *table) find(tg *target) link {
	n, l, level := t.start(tg, 0)
	for level > 0 {
		level--
		n, l = t.advance(n, level, tg, l.ref(), noLimit)
	}
	return l
}

// splice is the place of a new node: on each level, the node before it and the link of
// that node.
type splice struct {
	prev [maxHeight]*node
	next [maxHeight]link
}

// findSplice fills the levels of sp below height.
func (t *table) findSplice(sp *splice, tg *target, height int) {
	n, l, level := t.start(tg, height)
	for i := level + 1; i < height; i++ {
		sp.prev[i] = t.headNode() // if the link of the head is not 0, insert notices and moves on from here
	}
	for {
		if level < height {
			sp.prev[level], sp.next[level] = n, l
		}
		if level == 0 {
			return
		}
		level--
		n, l = t.advance(n, level, tg, l.ref(), noLimit)
	}
}

// findEnd fills the levels of sp below height if the target sorts after all entries.
// Otherwise it returns false.
//
// It is right for this reason. Let the last node of level 0, loaded from tails[0], have
// no next at some moment. Every node that was linked before that moment then sorts at
// or before this last node. This includes the nodes loaded from the other tails, so all
// of these are correct starts. A tail may not be the last node of its level, after a
// race; this only costs steps.
func (t *table) findEnd(sp *splice, tg *target, height int) bool {
	ref := arena.Ref(t.tails[0].Load())
	if ref == 0 {
		return false
	}
	var starts [maxHeight]*node
	for level := 1; level < height; level++ {
		starts[level] = t.headNode()
		if tail := arena.Ref(t.tails[level].Load()); tail != 0 {
			starts[level] = nodeAt(t.arena, tail)
		}
	}
	last := nodeAt(t.arena, ref)
	if last.link(0).Load() != 0 || !last.Before(tg.Key) {
		return false
	}
	sp.prev[0] = last
	for level := 1; level < height; level++ {
		sp.prev[level], sp.next[level] = t.advance(starts[level], level, tg, 0, noLimit)
	}
	return true
}

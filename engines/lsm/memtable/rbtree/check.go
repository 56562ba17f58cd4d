package rbtree

import (
	"fmt"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// checkedLines is the most lines of a segment that is checked after each insert.
const checkedLines = 16

// check panics if s violates invariants 2 to 4. The caller holds the lock of s.
func (t *table) check(s *segment) {
	c := checker{t: t, s: s}
	if s.load(s.root.Load()).isRed() && s.root.Load() != 0 {
		panic("rbtree: red root")
	}
	c.blackHeight(s.root.Load(), false)
	for i := range uint32(s.lines) * lineSlots {
		if s.load(i) != 0 {
			c.count--
		}
	}
	if c.count != 0 {
		panic(fmt.Sprintf("rbtree: %d nodes more in the tree than in slots", c.count))
	}
}

// checker visits the nodes of a tree in order.
type checker struct {
	t     *table
	s     *segment
	count uint16
	last  arena.Ref
	head  uint64
}

// blackHeight checks the subtree at i. It returns the number of black nodes on each
// path from there to a nil link.
func (c *checker) blackHeight(i uint32, parentRed bool) int {
	if i == 0 {
		return 0
	}
	n := c.s.load(i)
	if parentRed && n.isRed() {
		panic("rbtree: a red node has a red child")
	}
	l := c.blackHeight(n.child(left), n.isRed())
	c.visit(n.entry(), c.s.slot(i).head.Load())
	r := c.blackHeight(n.child(right), n.isRed())
	if l != r {
		panic(fmt.Sprintf("rbtree: black heights %d and %d under one node", l, r))
	}
	if !n.isRed() {
		l++
	}
	return l
}

// visit checks one entry; the entries come in order.
func (c *checker) visit(e arena.Ref, head uint64) {
	k := c.t.entry(e).Key()
	if c.last != 0 && ikey.Compare(c.t.entry(c.last).Key(), k) >= 0 {
		panic(fmt.Sprintf("rbtree: %v before %v", c.t.entry(c.last).Key(), k))
	}
	if want := c.t.head(&c.s.abbrev, k); head != want || head < c.head {
		panic(fmt.Sprintf("rbtree: %v has head %x, want %x, at least %x", k, head, want, c.head))
	}
	c.last, c.head = e, head
	c.count++
}

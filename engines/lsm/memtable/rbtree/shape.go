package rbtree

import "math/bits"

// shape is a balanced tree of n entries. Its levels are full, except the last one,
// whose nodes are red. It depends on n alone.
type shape struct {
	root   uint32
	lines  int     // how many are in use
	places []place // indexed by the rank of the entry
	taken  []uint8 // slots taken by line; used while the shape is made
	scan   int     // lines before this one are full; used while the shape is made
}

// place is where one entry goes in a segment.
type place struct {
	slot uint32
	node node // children and colour
}

// newShape lays out a tree of n entries in at most maxLines lines. A descent touches
// few lines: a line holds a node and its two children, and at the bottom a whole
// subtree.
func newShape(n, maxLines int) *shape {
	sh := &shape{places: make([]place, n), taken: make([]uint8, maxLines)}
	sh.lines, sh.taken[0] = 1, 1 // slot 0 stands for no node
	sh.root = sh.lay(0, n, bits.Len(uint(n+1))-1, 0, 0)
	sh.taken = nil
	return sh
}

// lay places the entries of ranks [lo, hi) and returns the slot of their root. That
// slot is i, or one near the given line if i is 0. depth is the number of levels below,
// down to the red one.
func (sh *shape) lay(lo, hi, depth, line int, i uint32) uint32 {
	n := hi - lo
	if n == 0 {
		return 0
	}
	var l, r uint32
	if i == 0 {
		fits := n <= lineSlots-int(sh.taken[line])
		if !fits {
			line = sh.freshLine(line)
		}
		i = sh.take(line)
		if !fits && n > 2*lineSlots {
			l, r = sh.take(line), sh.take(line)
		}
	}
	mid := lo + n/2
	at := &sh.places[mid]
	at.slot = i
	at.node = at.node.
		withChild(left, sh.lay(lo, mid, depth-1, line, l)).
		withChild(right, sh.lay(mid+1, hi, depth-1, line, r))
	if depth == 0 {
		at.node |= red
	}
	return i
}

// freshLine returns an empty line, or the given line if no empty one is left.
func (sh *shape) freshLine(line int) int {
	if sh.lines == len(sh.taken) {
		return line
	}
	sh.lines++
	return sh.lines - 1
}

// take returns a slot of the given line or, if that line is full, of the first line
// with room.
func (sh *shape) take(line int) uint32 {
	if sh.taken[line] == lineSlots {
		for sh.taken[sh.scan] == lineSlots {
			sh.scan++
		}
		line = sh.scan
	}
	sh.taken[line]++
	return uint32(line*lineSlots) + uint32(sh.taken[line]) - 1
}

package skiplist

import (
	"sync/atomic"
	"unsafe"

	"lsmlab/engines/internal/arena"
)

// coder is what a table has learned about its keys: how to abbreviate them, and an
// index of nodes by the leading bits of their abbreviation. After a coder is published,
// only the words of its index change.
//
// index[i] leads to a tall node among those whose abbreviation begins with i. Nodes are
// never removed, so each of them is a correct start for the search of every greater
// key, on every level on which it is linked. So an index word may be stale, lost in a
// race, or missing: this costs speed only.
type coder struct {
	abbreviator
	epoch uint32 // 1 to maxEpoch, the mark of the abbreviator in links; 0 for no abbreviator
	shift uint32 // turns an abbreviation into an index
	index []atomic.Uint64
}

// newIndex gives c an empty index of 2^bits words in the arena. bits is at least 3, because a
// spot has only the low 29 of the 32 bits of an abbreviation, and its place must give the rest.
// The words are cleared here, as the memory of an arena is not.
func (c *coder) newIndex(a *arena.Arena, bits int) {
	n := 1 << bits
	c.shift = uint32(abbrevBits - bits)
	c.index = unsafe.Slice((*atomic.Uint64)(a.Pointer(a.Alloc(n*linkSize))), n)
	for i := range c.index {
		c.index[i].Store(0)
	}
}

// lookBack is how many empty index words a search passes before it starts at the head
// of the table.
const lookBack = 8

// near returns a node that precedes every key of the given abbreviation, or 0.
func (c *coder) near(abbrev uint32) spot {
	i := int(abbrev >> c.shift)
	if s := spot(c.index[i].Load()); s != 0 && s.low() < abbrev&spotLowMask {
		return s
	}
	for range min(i, lookBack) {
		i--
		if s := spot(c.index[i].Load()); s != 0 {
			return s
		}
	}
	return 0
}

// offer puts a node into the index, unless the index has an equally tall one there. The
// node must be linked on all its levels.
func (c *coder) offer(ref arena.Ref, height int, abbrev uint32) {
	p := &c.index[abbrev>>c.shift]
	if old := p.Load(); spot(old).height() < height {
		p.CompareAndSwap(old, uint64(newSpot(ref, height, abbrev)))
	}
}

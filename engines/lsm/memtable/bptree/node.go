package bptree

import (
	"math/bits"
	"runtime"
	"sync/atomic"
	"unsafe"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// Sizes of nodes: a leaf takes 256 bytes and an inner node 512.
const (
	lineSize   = 64 // bytes of a cache line
	leafSlots  = 29
	innerSlots = 30
)

// node is the part that leaves and inner nodes share.
type node struct {
	meta atomic.Uint64 // see meta
	link atomic.Uint64 // see link
	low  arena.Ref     // lower fence: an entry, or 0 if there is none; never changes
	_    uint32
}

// leaf holds entries as the words head32<<32 | entry, which rise.
type leaf struct {
	node
	slots [leafSlots]atomic.Uint64
}

// inner holds children. heads[i] is the head of the lower fence of child i; heads[0] is
// not used.
type inner struct {
	node
	heads [innerSlots]atomic.Uint64
	kids  [innerSlots]atomic.Uint64 // lower fence<<32 | child
}

// meta is the state of a node:
//
//	| version 32 | skip 16 | count 8 | start 6 | shifting left 1 | locked 1 |
//
// The live slots are [start, start+count). In inner nodes, start is 0.
type meta uint64

const (
	locked       meta = 1
	shiftingLeft meta = 2
	startShift        = 2
	countShift        = 8
	skipShift         = 16
	versionShift      = 32
)

func newMeta(start, count int, s skip) meta {
	return meta(start)<<startShift | meta(count)<<countShift | meta(s)<<skipShift
}

func (m meta) start() int { return int(m >> startShift & 63) }
func (m meta) count() int { return int(m >> countShift & 255) }
func (m meta) skip() skip { return skip(m >> skipShift) }

// next returns the unlocked state of the version after m.
func (m meta) next(start, count int, s skip) meta {
	return (m>>versionShift+1)<<versionShift | newMeta(start, count, s)
}

// link is the upper fence and the right sibling, high<<32 | next. They change together,
// in one store. Both are 0 in the last node of a level.
type link uint64

func newLink(high, next arena.Ref) link { return link(high)<<32 | link(next) }

func (l link) high() arena.Ref { return arena.Ref(l >> 32) }
func (l link) next() arena.Ref { return arena.Ref(l) }

// word is a slot of a leaf (head, entry) or of an inner node (fence, child).
type word = uint64

func entryOf(w word) arena.Ref { return arena.Ref(w) }
func childOf(w word) arena.Ref { return arena.Ref(w) }
func fenceOf(w word) arena.Ref { return arena.Ref(w >> 32) }

// load returns the state and the link of a node, the state first.
func (n *node) load() (meta, link) {
	m := meta(n.meta.Load())
	return m, link(n.link.Load())
}

// is says whether the node is in state m.
func (n *node) is(m meta) bool { return n.meta.Load() == uint64(m) }

// lock takes the lock if the node is still in the unlocked state m. direction is
// shiftingLeft or 0.
func (n *node) lock(m, direction meta) bool {
	return n.meta.CompareAndSwap(uint64(m), uint64(m|locked|direction))
}

// unlock releases the lock and puts the node into state m.
func (n *node) unlock(m meta) { n.meta.Store(uint64(m)) }

// rootRef is the root and its level, level<<32 | node. Leaves are at level 0.
type rootRef uint64

func newRootRef(ref arena.Ref, level uint32) rootRef { return rootRef(level)<<32 | rootRef(ref) }

func (r rootRef) ref() arena.Ref { return arena.Ref(r) }
func (r rootRef) level() uint32  { return uint32(r >> 32) }

// lowerBound returns how many of words, which rise, are below bound. It reads all of
// them. Unlike those of a binary search, the loads do not wait for each other, and no
// branch is mispredicted.
func lowerBound(words []atomic.Uint64, bound word) int {
	n := uint64(0)
	for i := range words {
		_, below := bits.Sub64(words[i].Load(), bound, 0)
		n += below
	}
	return int(n)
}

// waiter slows down a goroutine that met a locked node. The holder of the lock needs
// some hundred nanoseconds, but it may have lost its thread; then spinning does not
// help.
type waiter int

func (w *waiter) wait() {
	if *w++; *w%64 == 0 {
		runtime.Gosched()
	}
}

func (t *tree) node(ref arena.Ref) *node   { return (*node)(t.mem.Pointer(ref)) }
func (t *tree) leaf(ref arena.Ref) *leaf   { return (*leaf)(t.mem.Pointer(ref)) }
func (t *tree) inner(ref arena.Ref) *inner { return (*inner)(t.mem.Pointer(ref)) }

// covers says whether k is below the upper fence in l. k must not be below the lower
// fence of that node. known is an upper bound of k, or 0. Mostly known and the upper
// fence are the same entry, because the parent holds it too, and then no key has to be
// read.
func (t *tree) covers(l link, known arena.Ref, k ikey.Key) bool {
	high := l.high()
	return high == known || high == 0 || t.compare(high, k) > 0
}

// newLeaf and newInner return nodes that no other goroutine sees yet. Until they are
// linked, they are written with plain stores, through plainLeaf and plainInner.
func (t *tree) newLeaf() (arena.Ref, *plainLeaf) {
	ref := t.allocNode(unsafe.Sizeof(plainLeaf{}))
	l := (*plainLeaf)(t.mem.Pointer(ref))
	*l = plainLeaf{}
	return ref, l
}

func (t *tree) newInner() (arena.Ref, *plainInner) {
	ref := t.allocNode(unsafe.Sizeof(plainInner{}))
	n := (*plainInner)(t.mem.Pointer(ref))
	*n = plainInner{}
	return ref, n
}

// plainNode has the memory layout of node, without atomic access.
type plainNode struct {
	meta meta
	link link
	low  arena.Ref
	_    uint32
}

// plainLeaf has the memory layout of leaf.
type plainLeaf struct {
	plainNode
	slots [leafSlots]word
}

// plainInner has the memory layout of inner.
type plainInner struct {
	plainNode
	heads [innerSlots]word
	kids  [innerSlots]word
}

// allocNode cuts a node, aligned to cache lines, from a slab.
func (t *tree) allocNode(size uintptr) arena.Ref {
	const slabSize = 16 << 10
	size = (size + lineSize - 1) &^ (lineSize - 1)
	t.slab.Lock()
	defer t.slab.Unlock()
	if t.slab.left < size {
		raw := t.mem.Alloc(slabSize + lineSize - arena.Align)
		pad := -uintptr(t.mem.Pointer(raw)) % lineSize
		t.slab.next = raw + arena.Ref(pad/arena.Align)
		t.slab.left = slabSize
	}
	ref := t.slab.next
	t.slab.next += arena.Ref(size / arena.Align)
	t.slab.left -= size
	return ref
}

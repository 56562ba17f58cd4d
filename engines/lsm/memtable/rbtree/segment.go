package rbtree

import (
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// segment is a red-black tree of the entries in [low, low of the next segment). It lies
// in the arena, at the start of a cache line, and its slots follow it.
type segment struct {
	version atomic.Uint32 // seqlock: odd while more than one store changes links
	newest  uint32        // slot of the last insert, 0 after a split; guarded by mu
	abbrev  abbrev        // how the heads in the slots were made
	root    atomic.Uint32 // the slot of the root
	next    atomic.Uint32 // reference of the next segment, 0 in the last one
	low     arena.Ref     // the first entry, 0 in the first segment; never changes
	lines   uint16        // how many lines are in use; guarded by mu
	scan    uint16        // once all lines are in use, slots before this one are taken; guarded by mu
	mu      sync.Mutex    // only its holder may change the segment
}

const (
	lineSize  = 64
	slotSize  = 16
	lineSlots = lineSize / slotSize
	maxLines  = (childMask + 1) / lineSlots
)

// slot holds one entry of a tree. Slot 0 stands for no node.
type slot struct {
	head atomic.Uint64
	node atomic.Uint64 // see node
}

// node is an entry, its children in the tree and its colour:
//
//	| entry 32 | 0 1 | red 1 | right child 15 | left child 15 |
type node uint64

const (
	childBits  = 15
	childMask  = 1<<childBits - 1
	red        = node(1) << (2 * childBits)
	entryShift = 32

	// maxDepth is the longest path to a nil link: 2*log2(entries+1).
	maxDepth = 2 * childBits
)

// side is a direction in the tree: left or right.
type side uint8

const (
	left  side = 0
	right side = 1
)

func newNode(e arena.Ref) node { return node(e) << entryShift }

func (n node) entry() arena.Ref    { return arena.Ref(n >> entryShift) }
func (n node) isRed() bool         { return n&red != 0 }
func (n node) child(d side) uint32 { return uint32(n>>(d*childBits&63)) & childMask }

func (n node) withChild(d side, i uint32) node {
	shift := d * childBits
	return n&^(childMask<<shift) | node(i)<<shift
}

func (t *table) segment(ref arena.Ref) *segment { return (*segment)(t.mem.Pointer(ref)) }

func (s *segment) slot(i uint32) *slot {
	return (*slot)(unsafe.Add(unsafe.Pointer(s), lineSize+slotSize*uintptr(i)))
}

func (s *segment) load(i uint32) node     { return node(s.slot(i).node.Load()) }
func (s *segment) store(i uint32, n node) { s.slot(i).node.Store(uint64(n)) }

// newSegment returns an empty segment to which no reference leads yet.
func (t *table) newSegment(low arena.Ref, next uint32) (arena.Ref, *segment) {
	size := lineSize * (1 + t.tune.lines)
	ref := t.mem.Alloc(size + lineSize - arena.Align)
	ref += arena.Ref(-uintptr(t.mem.Pointer(ref)) % lineSize / arena.Align)
	s := t.segment(ref)
	*(*[lineSize / 8]uint64)(unsafe.Pointer(s)) = [lineSize / 8]uint64{}
	s.low = low
	s.newLine()
	s.next.Store(next)
	return ref, s
}

// search returns the first node >= k of s, or 0. If the version of s changes meanwhile,
// the result may be wrong or ok may be false. But search ends, and reads no slot that
// was never written.
func (t *table) search(s *segment, k ikey.Key, h uint64) (found node, ok bool) {
	i := s.root.Load()
	for range maxDepth + 1 {
		if i == 0 {
			return found, true
		}
		sl := s.slot(i)
		n, nh := node(sl.node.Load()), sl.head.Load()
		// There is no branch on the direction: it would be mispredicted half of the time.
		_, before := bits.Sub64(nh, h, 0)
		if nh == h {
			if n == 0 {
				return 0, false
			}
			if t.entry(n.entry()).Before(k) {
				before = 1
			}
		}
		found ^= (found ^ n) & node(before-1)
		i = n.child(side(before))
	}
	return 0, false
}

// maxRetries is how often a reader tries to read without the lock before it takes the
// lock.
const maxRetries = 100

// begin returns the version for a read. If writers disturbed the reader too often,
// begin takes the lock, and locked is true.
func (s *segment) begin(retries int) (version uint32, locked bool) {
	if retries >= maxRetries {
		s.mu.Lock()
		return s.version.Load(), true
	}
	for range 100 {
		if v := s.version.Load(); v&1 == 0 {
			return v, false
		}
	}
	runtime.Gosched()
	return s.version.Load() &^ 1, false
}

// end says whether everything that was read since begin belongs to one state of s.
func (s *segment) end(version uint32, locked bool) bool {
	if locked {
		s.mu.Unlock()
		return true
	}
	return s.version.Load() == version
}

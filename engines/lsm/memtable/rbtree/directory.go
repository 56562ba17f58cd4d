package rbtree

import (
	"math/bits"
	"sync/atomic"
	"unsafe"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// directory lists all segments except the first, by their lower fences, which rise. The
// heads of the fences and the references of the segments lie behind this struct,
// capacity words each.
type directory struct {
	abbrev   abbrev // never changes
	count    atomic.Uint32
	capacity uint32
}

const directorySize = unsafe.Sizeof(directory{})

func (t *table) directory() *directory { return (*directory)(t.mem.Pointer(arena.Ref(t.dir.Load()))) }

func (d *directory) head(i uint32) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Add(unsafe.Pointer(d), directorySize+8*uintptr(i)))
}

func (d *directory) ref(i uint32) *atomic.Uint32 {
	return (*atomic.Uint32)(unsafe.Add(unsafe.Pointer(d), directorySize+8*uintptr(d.capacity)+4*uintptr(i)))
}

func (t *table) newDirectory(capacity uint32) (arena.Ref, *directory) {
	ref := t.mem.Alloc(int(directorySize) + 12*int(capacity))
	d := (*directory)(t.mem.Pointer(ref))
	d.abbrev.prefix.Store(0)
	d.count.Store(0)
	d.capacity = capacity
	return ref, d
}

// find returns the segment to which k belongs, or an earlier segment (invariant 6).
func (t *table) find(k ikey.Key) *segment {
	d := t.directory()
	lo := t.position(d, k)
	if lo == 0 || t.tune.blind {
		return t.segment(t.first)
	}
	return t.segment(arena.Ref(d.ref(lo - 1).Load()))
}

// position returns how many fences are <= k.
func (t *table) position(d *directory, k ikey.Key) uint32 {
	h := t.head(&d.abbrev, k)
	lo, hi := uint32(0), d.count.Load()
	// There is no branch on the comparison: it would be mispredicted half of the time.
	for n := hi; n > 0; {
		half := (n + 1) / 2
		_, below := bits.Sub64(d.head(lo+half-1).Load(), h, 0)
		lo += half & -uint32(below)
		n -= half
	}
	if lo == hi || d.head(lo).Load() != h {
		return lo
	}
	for lo < hi {
		mid := (lo + hi) / 2
		if fh := d.head(mid).Load(); fh < h || fh == h && !t.startsAfter(d.ref(mid).Load(), k) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// startsAfter says whether k sorts before the segment at ref.
func (t *table) startsAfter(ref uint32, k ikey.Key) bool {
	return t.entry(t.segment(arena.Ref(ref)).low).Compare(k) > 0
}

// dirInsert adds the segment at ref. The caller holds t.splitting.
//
// Readers search the directory meanwhile. Entries move from the end, and in each place the
// reference is stored before the head, both of which only fall (invariant 6). So a reader
// between the two stores begins at an earlier segment than its own, never at a later one.
func (t *table) dirInsert(ref arena.Ref) {
	low := t.segment(ref).low
	k := t.entry(low).Key()
	d := t.directory()
	n := d.count.Load()
	pos := t.position(d, k)
	if n == 0 || n == d.capacity || !t.fits(prefix(d.abbrev.prefix.Load()), k.User) {
		d = t.renewDirectory(d, pos, low)
	}
	for i := n; i > pos; i-- {
		d.ref(i).Store(d.ref(i - 1).Load())
		d.head(i).Store(d.head(i - 1).Load())
	}
	d.ref(pos).Store(uint32(ref))
	d.head(pos).Store(t.head(&d.abbrev, k))
	d.count.Store(n + 1)
}

// renewDirectory replaces d by a copy that has room for another fence, low, at pos, and
// that abbreviates by the prefix which all fences share. Readers may still search the old
// directory, which lacks the new segment and stays in the arena: they find an earlier
// segment and move right.
func (t *table) renewDirectory(d *directory, pos uint32, low arena.Ref) *directory {
	n := d.count.Load()
	first, last := low, low
	if n > 0 && pos > 0 {
		first = t.segment(arena.Ref(d.ref(0).Load())).low
	}
	if n > 0 && pos < n {
		last = t.segment(arena.Ref(d.ref(n - 1).Load())).low
	}
	capacity := d.capacity
	if n == capacity {
		capacity *= 2
	}
	ref, nd := t.newDirectory(capacity)
	t.set(&nd.abbrev, t.prefixOf(first, last))
	for i := range n {
		s := d.ref(i).Load()
		nd.ref(i).Store(s)
		nd.head(i).Store(t.head(&nd.abbrev, t.entry(t.segment(arena.Ref(s)).low).Key()))
	}
	nd.count.Store(n)
	t.dir.Store(uint32(ref))
	return nd
}

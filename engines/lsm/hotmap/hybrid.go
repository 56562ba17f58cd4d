package hotmap

import (
	"hash/maphash"
	"sync/atomic"
)

// hybrid is 64 hash tables of open addressing. A table's slots hold pointers to cells, and
// a cell holds its key and a pointer to its value, all of them atomic.
//
// Invariants:
//
//  1. Slots of a table are filled, and tables are replaced, under the segment's lock. A
//     slot that is filled never changes, so a reader that meets an empty slot knows that
//     the key was not in this table when the reader loaded that slot.
//  2. A table is never more than three quarters full, so probing ends.
//  3. A cell without a value is a deleted key. It gets a value again under the lock alone:
//     so a cell that a new table leaves out stays without one.
//  4. A cell with a value is in the current table, or the lock is held.
//
// A writer without the lock (of a hot key) replaces one value by another, by
// compare-and-swap, and never gives a value to a cell that has none: by 3 and 4 it cannot
// write to a cell that readers no longer find.
type hybrid[V any] struct {
	seed     maphash.Seed
	hotAfter uint32 // see the constant
	parts    [segments]struct {
		part[V]
		_ [64]byte // two locks never share a cache line
	}
}

// part is one segment.
type part[V any] struct {
	lock
	table atomic.Pointer[table[V]]
	used  int // slots that are filled
	live  int // cells with a value
}

type table[V any] []atomic.Pointer[cell[V]] // of a power of two

type cell[V any] struct {
	hash  uint64
	key   string
	value atomic.Pointer[V] // nil: deleted
	heat  atomic.Uint32     // writes that had to wait for the segment's lock
}

const (
	// hotAfter is how many writes of a key have to wait until it is promoted. A single
	// wait may be chance.
	hotAfter   = 4
	firstTable = 16 // slots
)

// NewHybrid returns a map whose reads take no lock.
func NewHybrid[V any]() Map[V] { return newHybrid[V](hotAfter) }

func newHybrid[V any](hotAfter uint32) *hybrid[V] {
	h := &hybrid[V]{seed: maphash.MakeSeed(), hotAfter: hotAfter}
	for i := range h.parts {
		t := make(table[V], firstTable)
		h.parts[i].table.Store(&t)
	}
	return h
}

// of returns the segment of a key and its hash there: the low bits chose the segment.
func (h *hybrid[V]) of(key []byte) (*part[V], uint64) {
	hash := maphash.Bytes(h.seed, key)
	return &h.parts[hash%segments].part, hash / segments
}

// find returns the cell of a key in a table, or the empty slot in which it would be.
func (t table[V]) find(hash uint64, key []byte) (c *cell[V], empty *atomic.Pointer[cell[V]]) {
	mask := uint64(len(t) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		c := t[i].Load()
		if c == nil {
			return nil, &t[i]
		}
		if c.hash == hash && c.key == string(key) {
			return c, nil
		}
	}
}

func (h *hybrid[V]) Get(key []byte) (v V, ok bool) {
	p, hash := h.of(key)
	c, _ := (*p.table.Load()).find(hash, key)
	if c == nil {
		return v, false
	}
	value := c.value.Load()
	if value == nil {
		return v, false
	}
	return *value, true
}

func (h *hybrid[V]) Set(key []byte, v V) {
	p, hash := h.of(key)
	if c, _ := (*p.table.Load()).find(hash, key); c != nil && c.heat.Load() >= h.hotAfter && p.swap(c, &v) {
		return
	}
	waited := p.lock.lock()
	defer p.mu.Unlock()
	c, empty := (*p.table.Load()).find(hash, key)
	if c == nil {
		c = &cell[V]{hash: hash, key: string(key)}
		c.value.Store(&v)
		p.add(c, empty)
		return
	}
	if waited {
		c.heat.Add(1)
	}
	if c.value.Swap(&v) == nil {
		p.live++
	}
}

// swap replaces the value of a hot key. It fails if the key is deleted.
func (p *part[V]) swap(c *cell[V], v *V) bool {
	for {
		old := c.value.Load()
		if old == nil {
			return false
		}
		if c.value.CompareAndSwap(old, v) {
			return true
		}
		p.contended.Add(1)
	}
}

func (h *hybrid[V]) Delete(key []byte) {
	p, hash := h.of(key)
	p.lock.lock()
	defer p.mu.Unlock()
	if c, _ := (*p.table.Load()).find(hash, key); c != nil && c.value.Swap(nil) != nil {
		p.live--
	}
}

// add puts a new cell, which has a value, into a slot of the table, or into a new table
// if this one is full. The lock is held.
func (p *part[V]) add(c *cell[V], empty *atomic.Pointer[cell[V]]) {
	p.live++
	if old := *p.table.Load(); 4*(p.used+1) > 3*len(old) {
		p.rebuild(old, c)
		return
	}
	p.used++
	empty.Store(c)
}

// rebuild makes a table of the cells that have a value and of a new one. Deleted cells are
// left out. The lock is held.
func (p *part[V]) rebuild(old table[V], added *cell[V]) {
	size := firstTable
	for 2*p.live > size {
		size *= 2
	}
	t := make(table[V], size)
	put := func(c *cell[V]) {
		_, empty := t.find(c.hash, []byte(c.key))
		empty.Store(c)
		p.used++
	}
	p.used = 0
	for i := range old {
		if c := old[i].Load(); c != nil && c.value.Load() != nil {
			put(c)
		}
	}
	put(added)
	p.table.Store(&t)
}

func (h *hybrid[V]) Contended() (n int64) {
	for i := range h.parts {
		n += h.parts[i].contended.Load()
	}
	return n
}

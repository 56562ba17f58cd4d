package workloads

import (
	"math/bits"
	"sync/atomic"
)

// inserts gives the indices of new keys to all threads, and knows the limit below which
// every insert is acknowledged. YCSB's AcknowledgedCounterGenerator does the same with
// a lock, and fails when a window of 2^20 overflows. Here an acknowledgement sets a
// bit, and then moves the limit over the bits that follow, both without a lock.
//
// Invariants:
//
//  1. limit <= next, and every index in [base, limit) was acknowledged.
//  2. While no acknowledge runs, the bit at limit is clear. Whoever sets a bit looks at
//     the limit afterwards, so of two that race one sees both bits.
//
// An insert that fails is never acknowledged, so the limit never passes it. Later
// inserts go on.
type inserts struct {
	base  uint64 // keys that were preloaded
	_     [56]byte
	next  atomic.Uint64 // the next index to hand out
	_     [56]byte
	limit atomic.Uint64
	_     [56]byte
	pages [maxInsertPages]atomic.Pointer[insertPage]
}

// insertPage holds acknowledgement bits of insertPageBits consecutive indices.
type insertPage [insertPageBits / 64]atomic.Uint64

const (
	insertPageBits = 1 << 18
	maxInsertPages = 1 << 14
	maxInserts     = insertPageBits * maxInsertPages
)

func newInserts(base uint64) *inserts {
	n := &inserts{base: base}
	n.next.Store(base)
	n.limit.Store(base)
	return n
}

// allocate returns an index that no other call gets. It returns false after 2^32.
func (n *inserts) allocate() (index uint64, ok bool) {
	index = n.next.Add(1) - 1
	return index, index-n.base < maxInserts
}

// known returns the number of keys that readers may ask for.
func (n *inserts) known() uint64 { return n.limit.Load() }

func (n *inserts) acknowledge(index uint64) {
	bit := index - n.base
	n.word(bit).Or(1 << (bit % 64))
	for {
		limit := n.limit.Load()
		at := limit - n.base
		run := bits.TrailingZeros64(^(n.word(at).Load() >> (at % 64)))
		if run == 0 {
			return
		}
		n.limit.CompareAndSwap(limit, limit+uint64(run))
	}
}

// word returns the word that holds a bit. It makes the page of that word if needed: 32
// KB for 2^18 inserts.
func (n *inserts) word(bit uint64) *atomic.Uint64 {
	slot := &n.pages[bit/insertPageBits%maxInsertPages]
	page := slot.Load()
	if page == nil {
		slot.CompareAndSwap(nil, new(insertPage))
		page = slot.Load()
	}
	return &page[bit%insertPageBits/64]
}

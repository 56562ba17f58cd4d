package bptree

import (
	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// searchLeaf returns the slot of the first entry >= k, or the end of the live slots.
// The result is right if the leaf was in state m before and after the call.
func (t *tree) searchLeaf(l *leaf, m meta, k ikey.Key) int {
	start, end := m.start(), m.start()+m.count()
	head := m.skip().head32(k)
	pos := start + lowerBound(l.slots[start:end], head<<32)
	if pos == end || l.slots[pos].Load()>>32 != head {
		return pos
	}
	return t.searchTies(l, pos, end, head, k)
}

// touch reads all cache lines of the leaf. Most of them are not in the cache, and this
// way their misses overlap.
func (l *leaf) touch() {
	for i := 5; i < leafSlots; i += lineSize / 8 {
		l.slots[i].Load()
	}
}

// searchTies finishes searchLeaf where several entries have the head of k; slot pos is
// the first of these. It tries that one before it searches, because it is the newest
// version of its user key, which is what most readers want.
func (t *tree) searchTies(l *leaf, pos, end int, head uint64, k ikey.Key) int {
	if t.compare(entryOf(l.slots[pos].Load()), k) >= 0 {
		return pos
	}
	lo, hi := pos+1, end
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		w := l.slots[mid].Load()
		if w>>32 == head && t.compare(entryOf(w), k) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// insert puts the entry at ref, which has key k, into its leaf.
func (t *tree) insert(ref arena.Ref, k ikey.Key) {
	var p path
	at, known := t.findLeaf(k, &p)
	for w := waiter(0); ; {
		l := t.leaf(at)
		l.touch()
		m, lnk := l.load()
		if !t.covers(lnk, known, k) {
			at = lnk.next()
			continue
		}
		if m&locked != 0 {
			w.wait()
			continue
		}
		pos := t.searchLeaf(l, m, k)
		entry := m.skip().head32(k)<<32 | word(ref)
		if m.count() < t.leafCap {
			if l.insert(m, pos, entry) {
				return
			}
			continue
		}
		if l.lock(m, 0) {
			fence, right := t.splitLeaf(l, m, lnk, pos, entry, k)
			t.addChild(1, fence, right, &p)
			return
		}
	}
}

// insert puts entry before slot pos. It returns false if the leaf is no longer in state
// m. It shifts the smaller half of the entries.
func (l *leaf) insert(m meta, pos int, entry word) bool {
	start, end := m.start(), m.start()+m.count()
	if start == 0 || (end < leafSlots && end-pos <= pos-start) {
		if !l.lock(m, 0) {
			return false
		}
		l.shiftRight(pos, end, entry)
	} else {
		if !l.lock(m, shiftingLeft) {
			return false
		}
		for i := start; i < pos; i++ {
			l.slots[i-1].Store(l.slots[i].Load())
		}
		l.slots[pos-1].Store(entry)
		start--
	}
	l.unlock(m.next(start, m.count()+1, m.skip()))
	return true
}

// shiftRight moves the slots [pos, end) one to the right and puts entry at pos.
func (l *leaf) shiftRight(pos, end int, entry word) {
	for i := end; i > pos; i-- {
		l.slots[i].Store(l.slots[i-1].Load())
	}
	l.slots[pos].Store(entry)
}

// copyLeaf copies the entries of a leaf, in order, and returns their number and the
// link that belongs to them. It never waits for the holder of the lock. It tries again
// only if a writer made progress.
func (t *tree) copyLeaf(l *leaf, out *[leafSlots]arena.Ref) (int, link) {
	for {
		m, lnk := l.load()
		var n int
		if m&locked == 0 {
			n = l.copyLive(m, out)
		} else {
			n = t.copyLocked(l, m, lnk, out)
		}
		if l.is(m) && link(l.link.Load()) == lnk {
			return n, lnk
		}
	}
}

// copyLive copies the live entries of an unlocked leaf in state m.
func (l *leaf) copyLive(m meta, out *[leafSlots]arena.Ref) int {
	slots := l.slots[m.start() : m.start()+m.count()]
	for i := range slots {
		out[i] = entryOf(slots[i].Load())
	}
	return len(slots)
}

// copyLocked reads against the direction in which the holder of the lock shifts. So it
// may meet an entry twice, but it misses none (invariant 7). It leaves out what a split
// moved away, which is at or above the upper fence.
func (t *tree) copyLocked(l *leaf, m meta, lnk link, out *[leafSlots]arena.Ref) int {
	var words [leafSlots]word
	start, end := m.start(), m.start()+m.count()
	if m&shiftingLeft != 0 {
		start = max(start-1, 0)
		for i := end - 1; i >= start; i-- {
			words[i] = l.slots[i].Load()
		}
	} else {
		end = min(end+1, leafSlots)
		for i := start; i < end; i++ {
			words[i] = l.slots[i].Load()
		}
	}
	n := 0
	for _, w := range words[start:end] {
		ref := entryOf(w)
		if ref == 0 || n > 0 && out[n-1] == ref || lnk.high() != 0 && !t.below(ref, lnk.high()) {
			continue
		}
		out[n] = ref
		n++
	}
	return n
}

// below says whether entry a sorts before entry b.
func (t *tree) below(a, b arena.Ref) bool { return t.compare(a, t.key(b)) < 0 }

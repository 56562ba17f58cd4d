package bptree

import (
	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// splitLeaf adds entry, whose key is k, before slot pos of the full leaf l, and moves
// the upper part of l into a new leaf. The caller locked l in state m; splitLeaf
// unlocks it. The caller adds the new leaf to the parent under the returned fence.
//
// Readers see the split when the link changes: from then on they ignore the moved
// entries in l. So l may be written only after that.
func (t *tree) splitLeaf(l *leaf, m meta, lnk link, pos int, entry word, k ikey.Key) (fence, right arena.Ref) {
	var buf [leafSlots + 1]word
	start, count, rank := m.start(), m.count(), pos-m.start()
	words := buf[:count+1]
	for i := range count {
		to := i
		if i >= rank {
			to++
		}
		words[to] = l.slots[start+i].Load()
	}
	words[rank] = entry

	keep := t.splitPoint(l, lnk, words, rank, k)
	fence = entryOf(words[keep])
	right = t.newRightLeaf(fence, lnk, words[keep:], m.skip())
	l.link.Store(uint64(newLink(fence, right)))

	s, changed := t.reencode(m.skip(), l.low, fence, words[:keep])
	switch {
	case keep == 1 && rank == 0:
		start = leafSlots - 1 // leaves room for smaller keys
		l.slots[start].Store(words[0])
	case changed:
		for i := keep - 1; i >= 0; i-- {
			l.slots[start+i].Store(words[i])
		}
	case rank < keep:
		l.shiftRight(pos, start+keep-1, entry)
	}
	l.unlock(m.next(start, keep, s))
	if lnk.high() == 0 {
		t.setTail(right)
	}
	return fence, right
}

// splitPoint returns how many words stay in the left leaf. Where keys come in order,
// one of the leaves stays full: for rising keys at the end of the table, for falling
// keys at its start, and for versions of one user key anywhere, because newer versions
// sort first.
func (t *tree) splitPoint(l *leaf, lnk link, words []word, rank int, k ikey.Key) int {
	switch {
	case lnk.high() == 0 && nearEnd(rank, len(words)):
		return rank
	case rank == 0 && (l.low == 0 || t.sameUser(entryOf(words[1]), k)):
		return 1
	}
	return len(words) / 2
}

// nearEnd says whether keys may be rising. The keys of concurrent writers do not come
// in strict order, so the last quarter counts as the end.
func nearEnd(rank, count int) bool { return rank >= count*3/4 }

// sameUser says whether the entry at ref is a version of the user key of k.
func (t *tree) sameUser(ref arena.Ref, k ikey.Key) bool {
	return string(t.key(ref).User) == string(k.User)
}

// newRightLeaf makes the leaf of words, whose heads were made by s. It leaves room on
// both sides, except in the last leaf, where all room is at the end.
func (t *tree) newRightLeaf(low arena.Ref, lnk link, words []word, s skip) arena.Ref {
	ref, l := t.newLeaf()
	s, _ = t.reencode(s, low, lnk.high(), words)
	start := (leafSlots - len(words)) / 2
	if lnk.high() == 0 {
		start = 0
	}
	l.low, l.link, l.meta = low, lnk, newMeta(start, len(words), s)
	copy(l.slots[start:], words)
	return ref
}

// reencode makes new heads if the fences allow a much larger skip than s. It has to
// read every key, so it does not do this at each split.
func (t *tree) reencode(s skip, low, high arena.Ref, words []word) (skip, bool) {
	next := t.fenceSkip(low, high)
	if !s.worthwhile(next) {
		return s, false
	}
	for i, w := range words {
		ref := entryOf(w)
		words[i] = next.head32(t.key(ref))<<32 | word(ref)
	}
	return next, true
}

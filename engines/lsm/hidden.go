package lsm

import (
	"cmp"
	"slices"

	"lsmlab/engines/internal/planted"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
)

// hidden says which versions of a table are only there for readers of the past, so that the
// table is written again when enough of them are garbage. Tombstones count that hide
// nothing else.
type hidden struct {
	held []heldFor // rising by newest
	past uint64    // versions that the floor alone keeps
	due  ikey.Seq  // where the floor must be for all those to be garbage
}

// heldFor is the versions that are kept for pins alone, of which newest is the newest. They
// are garbage when no pin from oldest to newest is open. It lies a little: there may be
// pins between for which nothing is kept.
type heldFor struct {
	oldest, newest ikey.Seq
	versions       uint64
}

// forgetHidden keeps t, which no version names yet, from being written again for its garbage: what
// was said of its input was wrong, as nothing of that was garbage, and so may be what is said of
// t. Without this, a table whose counts are wrong would be written again and again.
func (t *table) forgetHidden() { t.hidden, t.Hidden = hidden{}, manifest.Hidden{} }

// addHeld notes a version that is kept for pins, which are rising and one at least.
func (h *hidden) addHeld(pins []ikey.Seq) {
	oldest, newest := pins[0], pins[len(pins)-1]
	i, ok := slices.BinarySearchFunc(h.held, newest, func(f heldFor, seq ikey.Seq) int { return cmp.Compare(f.newest, seq) })
	if !ok {
		h.held = slices.Insert(h.held, i, heldFor{oldest: oldest, newest: newest})
	}
	h.held[i].versions++
	h.held[i].oldest = min(h.held[i].oldest, oldest)
}

// addPast notes a version that the floor keeps until it is at due.
func (h *hidden) addPast(due ikey.Seq) {
	h.past++
	h.due = max(h.due, due)
}

// stored returns what the manifest keeps of h: pins end with the process.
func (h *hidden) stored() manifest.Hidden {
	return manifest.Hidden{Held: h.total() - h.past, Past: h.past, Due: h.due}
}

// storedHidden returns what an earlier opening of the store left in a table. No pin needs what
// it held for pins.
func storedHidden(s manifest.Hidden) hidden {
	h := hidden{past: s.Past, due: s.Due}
	if s.Held > 0 {
		h.held = []heldFor{{versions: s.Held}}
	}
	return h
}

// total returns how many versions are hidden.
func (h *hidden) total() uint64 {
	total := h.past
	for _, f := range h.held {
		total += f.versions
	}
	return total
}

// garbage returns how many of them nobody needs, as pins are open, rising, and floor is.
func (h *hidden) garbage(open []ikey.Seq, floor ikey.Seq) (n uint64) {
	if floor >= h.due {
		n = h.past
	}
	for _, f := range h.held {
		if _, needed := f.by(open); !needed || planted.Is(planted.GarbageGuessed) {
			n += f.versions
		}
	}
	return n
}

// worth says whether a table of so many entries is worth to be written again for its
// garbage: an eighth. With less, the next compaction that takes it is soon enough.
func (h *hidden) worth(open []ikey.Seq, floor ikey.Seq, entries uint64) bool {
	n := h.garbage(open, floor)
	return n > 0 && 8*n >= entries
}

// by returns the newest of the pins, which are rising, that may need f.
func (f heldFor) by(open []ikey.Seq) (newest ikey.Seq, needed bool) {
	i, ok := slices.BinarySearch(open, f.newest)
	if ok {
		return f.newest, true
	}
	if i == 0 || open[i-1] < f.oldest {
		return 0, false
	}
	return open[i-1], true
}

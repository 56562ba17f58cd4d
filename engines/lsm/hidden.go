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
	held []heldFor // rising by newest, then by oldest; at most mostHeld
	past uint64    // versions that the floor alone keeps
	// due is where the floor must be for all those to be garbage. They are given back
	// together, so a version waits for the others of its table: less than a window.
	due ikey.Seq
}

// heldFor is the versions that are kept for the pins from oldest to newest alone. They are
// garbage when no pin from oldest to newest is open.
type heldFor struct {
	oldest, newest ikey.Seq
	versions       uint64
}

// mostHeld is how many groups of versions a table is told apart by the pins that need them.
// With more, as a thousand readers may make, groups are joined: their versions are garbage
// when no pin of any of them is open.
const mostHeld = 1024

// forgetHidden keeps t, which no version names yet, from being written again for its garbage: what
// was said of its input was wrong, as nothing of that was garbage, and so may be what is said of
// t. Without this, a table whose counts are wrong would be written again and again.
func (t *table) forgetHidden() { t.hidden, t.Hidden = hidden{}, manifest.Hidden{} }

// addHeld notes a version that is kept for pins, which are rising and one at least.
func (h *hidden) addHeld(pins []ikey.Seq) {
	f := heldFor{oldest: pins[0], newest: pins[len(pins)-1]}
	i, ok := slices.BinarySearchFunc(h.held, f, heldFor.compare)
	if !ok && len(h.held) < mostHeld {
		h.held = slices.Insert(h.held, i, f)
	}
	// Without room for a group of its own, the version joins the next one, or the last one.
	// The order stays: where the newest pin of the next one is another than that of f, it is
	// the first group with that.
	g := &h.held[min(i, len(h.held)-1)]
	g.oldest, g.newest = min(g.oldest, f.oldest), max(g.newest, f.newest)
	g.versions++
}

func (f heldFor) compare(g heldFor) int {
	return cmp.Or(cmp.Compare(f.newest, g.newest), cmp.Compare(f.oldest, g.oldest))
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

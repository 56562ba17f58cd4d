package lsm

import (
	"bytes"
	"slices"

	"lsmlab/engines/lsm/ikey"
)

// retainer decides, for versions that come in order, which ones a flush or
// compaction must write. Open snapshots cut the LSNs into stripes; a reader sees
// of each key only the newest version in its stripe or below, so one version a
// key and stripe is enough (Pebble calls them snapshot stripes). All versions
// that it is asked about must be published.
type retainer struct {
	floor     ikey.Seq   // all versions above it stay, and of each key the newest one up to it
	snapshots []ikey.Seq // rising
	// bottom says whether no table below the output may hold the key, so that a
	// tombstone that hides nothing may go.
	bottom func(user []byte) bool

	user   []byte // the last key asked about
	stripe int    // of the last version kept or elided
	seen   bool
	held   held
	past   bool // a version was kept that the floor alone keeps
}

// above is the stripe of versions above the floor.
const above = -1

// held says what was kept for snapshots alone: so many versions, for snapshots with LSNs
// from low to high. When none of those is open any more, the versions are garbage.
type held struct {
	versions  uint64
	low, high ikey.Seq
}

// add notes a version that is kept for snapshots, which are rising and one at least.
func (h *held) add(snapshots []ikey.Seq) {
	low, high := snapshots[0], snapshots[len(snapshots)-1]
	if h.versions == 0 {
		h.low = low
	}
	h.versions++
	h.low, h.high = min(h.low, low), max(h.high, high)
}

// worth says whether a table of so many entries is worth to be written again for what is
// garbage in it: an eighth. With less, the next compaction that takes it is soon enough.
func (h *held) worth(entries uint64) bool { return h.versions > 0 && 8*h.versions >= entries }

// by says whether one of the snapshots, which are rising, is one for which something
// was kept.
func (h *held) by(snapshots []ikey.Seq) bool {
	i, _ := slices.BinarySearch(snapshots, h.low)
	return i < len(snapshots) && snapshots[i] <= h.high
}

// keep says whether the version must be written.
func (r *retainer) keep(k ikey.Key) bool {
	stripe, newer := r.stripeOf(k.Trailer.Seq()), r.stripe
	older := r.seen && bytes.Equal(k.User, r.user)
	if older && stripe == newer && stripe != above {
		return false // shadowed for every reader
	}
	if !older {
		r.user, r.seen = append(r.user[:0], k.User...), true
	}
	r.stripe = stripe
	if stripe == above {
		r.past = r.past || older
		return true
	}
	deletes := k.Trailer.Kind() == ikey.Delete
	// In the lowest stripe all older versions of the key are shadowed by this
	// tombstone; if none is below either, it hides nothing.
	if deletes && stripe == 0 && r.bottom(k.User) {
		return false
	}
	switch {
	case older && newer == above:
		r.past = true
	case older:
		r.held.add(r.snapshots[stripe:newer])
	case deletes && stripe > 0 && r.bottom(k.User): // it hides what older snapshots see
		r.held.add(r.snapshots[:stripe])
	}
	return true
}

// stripeOf returns the number of snapshots that are older than seq, or above.
func (r *retainer) stripeOf(seq ikey.Seq) int {
	if seq > r.floor {
		return above
	}
	n, _ := slices.BinarySearch(r.snapshots, seq)
	return n
}

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
	seq    ikey.Seq
	seen   bool
	hidden hidden
}

// above is the stripe of versions above the floor.
const above = -1

// keep says whether the version must be written.
func (r *retainer) keep(k ikey.Key) bool {
	seq := k.Trailer.Seq()
	stripe, newer, newerSeq := r.stripeOf(seq), r.stripe, r.seq
	older := r.seen && bytes.Equal(k.User, r.user)
	if older && stripe == newer && stripe != above {
		return false // shadowed for every reader
	}
	if !older {
		r.user, r.seen = append(r.user[:0], k.User...), true
	}
	r.stripe, r.seq = stripe, seq
	deletes := k.Trailer.Kind() == ikey.Delete
	if stripe == above {
		switch {
		case older:
			r.hidden.addPast(newerSeq)
		case deletes && r.bottom(k.User):
			r.hidden.addPast(seq)
		}
		return true
	}
	// In the lowest stripe all older versions of the key are shadowed by this
	// tombstone; if none is below either, it hides nothing.
	if deletes && stripe == 0 && r.bottom(k.User) {
		return false
	}
	switch {
	case older && newer == above:
		r.hidden.addPast(newerSeq)
	case older:
		r.hidden.addHeld(r.snapshots[stripe:newer])
	case deletes && stripe > 0 && r.bottom(k.User): // it hides what older snapshots see
		r.hidden.addHeld(r.snapshots[:stripe])
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

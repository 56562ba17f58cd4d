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
	snapshots []ikey.Seq // rising
	// bottom says whether no table below the output may hold the key, so that a
	// tombstone that hides nothing may go.
	bottom func(user []byte) bool

	user   []byte // the last key asked about
	stripe int    // of the last version kept or elided
	seen   bool
	// shadowed is set once a version was kept for a snapshot alone.
	shadowed bool
}

// keep says whether the version must be written.
func (r *retainer) keep(k ikey.Key) bool {
	stripe := r.stripeOf(k.Trailer.Seq())
	if r.seen && bytes.Equal(k.User, r.user) {
		if stripe == r.stripe {
			return false // shadowed for every reader
		}
		r.shadowed = true
	} else {
		r.user, r.seen = append(r.user[:0], k.User...), true
	}
	r.stripe = stripe
	// In the lowest stripe all older versions of the key are shadowed by this
	// tombstone; if none is below either, it hides nothing.
	return !(k.Trailer.Kind() == ikey.Delete && stripe == 0 && r.bottom(k.User))
}

// stripeOf returns the number of snapshots that are older than seq.
func (r *retainer) stripeOf(seq ikey.Seq) int {
	n, _ := slices.BinarySearch(r.snapshots, seq)
	return n
}

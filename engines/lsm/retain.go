package lsm

import (
	"bytes"
	"slices"

	"lsmlab/engines/internal/planted"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/rangedel"
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
	// ranges hide versions too; those up to rangesUpTo are all there.
	ranges     *rangedel.Set
	rangesUpTo ikey.Seq

	user   []byte // the last key asked about
	stripe int    // of the last version kept or elided
	seq    ikey.Seq
	seen   bool
	hidden hidden

	fragment rangedel.Fragment // of ranges, that the last key lay in
	located  bool              // fragment is set
	unswept  ikey.Seq          // the oldest range delete of which a hidden version is kept; 0 for none
}

// above is the stripe of versions above the floor.
const above = -1

// keep says whether the version must be written.
func (r *retainer) keep(k ikey.Key) bool {
	seq := k.Trailer.Seq()
	stripe, newer, newerSeq := r.stripeOf(seq), r.stripe, r.seq
	older := r.seen && bytes.Equal(k.User, r.user)
	if !older {
		r.user, r.seen = append(r.user[:0], k.User...), true
	}
	r.stripe, r.seq = stripe, seq
	cover := r.coveredBy(k)
	if cover > 0 && planted.Is(planted.RangePinsIgnored) {
		return false
	}
	if cover > 0 && (!older || cover < newerSeq) {
		older, newer, newerSeq = true, r.stripeOf(cover), cover
	}
	if older && stripe == newer && stripe != above {
		return false // shadowed for every reader
	}
	return r.keepVisible(k, older, newer, newerSeq) && r.kept(cover)
}

// coveredBy returns the oldest range delete that hides k, 0 if there is none.
func (r *retainer) coveredBy(k ikey.Key) ikey.Seq {
	if r.ranges == nil {
		return 0
	}
	if !r.located || !r.fragment.Contains(k.User) {
		r.fragment, r.located = r.ranges.At(k.User), true
	}
	return r.fragment.Above(k.Trailer.Seq())
}

// kept notes that a version stays which the range delete of LSN cover hides, if that is not
// 0. It returns true.
func (r *retainer) kept(cover ikey.Seq) bool {
	if cover > 0 && (r.unswept == 0 || cover < r.unswept) {
		r.unswept = cover
	}
	return true
}

// swept returns up to which LSN no range delete hides what was kept, since swept was called
// last.
func (r *retainer) swept() ikey.Seq {
	seq := r.rangesUpTo
	if r.unswept > 0 {
		seq = min(seq, r.unswept-1)
	}
	r.unswept = 0
	return seq
}

// keepVisible says whether a version must be written that somebody may see. It is the
// present one. older says that something hides it, a version or a range delete, which has
// the LSN newerSeq and is in the stripe newer.
func (r *retainer) keepVisible(k ikey.Key, older bool, newer int, newerSeq ikey.Seq) bool {
	stripe, seq := r.stripe, r.seq
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

package workloads

import "lsmlab/workloads/dist"

// turns takes the kinds of a mix one after the other, each for a number of operations,
// and begins again after the last: phases of one stream.
type turns struct {
	mix    []share // the weight of a kind is its length in units of length
	length int64
	at     int
	left   int64
}

func newTurns(mix []share, length int64) turns {
	return turns{mix: mix, length: length, at: len(mix) - 1}
}

// next returns the kind of the next operation; first says that a new phase begins with
// it.
func (t *turns) next() (kind Kind, first bool) {
	if first = t.left == 0; first {
		t.at = (t.at + 1) % len(t.mix)
		t.left = max(1, int64(t.mix[t.at].weight*float64(t.length)))
	}
	t.left--
	return t.mix[t.at].kind, first
}

// keyRow is a row of neighbouring keys, which the phases of a turn share: each write and
// each delete takes the next key, scans begin at the first.
type keyRow struct {
	first, at, n uint64
	still        bool // every key is the first
}

// begin prepares for an operation of a kind. newTurn says that a turn begins, which draws
// a new row, and newPhase that a phase does, which begins at the first key of the row.
func (r *keyRow) begin(kind Kind, newTurn, newPhase bool, rows dist.Generator) {
	if newTurn {
		r.first = rows.Next()
	}
	if newPhase {
		r.at = 0
	}
	r.still = kind == Scan
}

// next returns the index of the next key.
func (r *keyRow) next() uint64 {
	i := r.first + r.at
	if !r.still {
		r.at++
	}
	return i % r.n
}

package manifest

import (
	"bytes"
	"slices"
)

// Run is a sorted run: tables of one level whose ranges do not overlap, in the order of
// Smallest.
type Run []*Table

// L0Runs returns L0 as sorted runs, oldest first. A table is in a later run than every
// older table that it overlaps, and in the earliest run that allows this. So a key is
// in about as many runs as there are tables over it; only chains of overlapping ranges
// add some. Pebble calls such runs sublevels.
func (v *Version) L0Runs() []Run {
	var runs []Run
	for _, t := range slices.Backward(v.Levels[0]) {
		at := len(runs)
		for at > 0 && !runs[at-1].overlaps(t) {
			at--
		}
		if at == len(runs) {
			runs = append(runs, nil)
		}
		runs[at] = slices.Insert(runs[at], runs[at].search(t.Smallest), t)
	}
	return runs
}

// search returns the index of the first table that ends at or after key.
func (r Run) search(key []byte) int {
	i, _ := slices.BinarySearchFunc(r, key, func(t *Table, key []byte) int { return bytes.Compare(t.Largest, key) })
	return i
}

func (r Run) overlaps(t *Table) bool {
	i := r.search(t.Smallest)
	return i < len(r) && bytes.Compare(r[i].Smallest, t.Largest) <= 0
}

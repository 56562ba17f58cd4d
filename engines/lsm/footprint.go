package lsm

import (
	"bytes"
	"cmp"
	"slices"

	"lsmlab/engines/lsm/sstable"
)

// footprint is what must not have changed for a transaction to commit: the keys that it
// wrote and, if it is serializable, those that it read, absent ones included, and the
// ranges that it walked. It is filled, sealed, and then only asked.
type footprint struct {
	keys   []hashedKey // once sealed: by hash, each once
	ranges []keyRange  // once sealed: disjoint, rising
}

// hashedKey is a key and its hash, so that most comparisons need no key. Equal hashes
// say nothing: keys decide.
type hashedKey struct {
	hash uint64
	user []byte
}

// keyRange is the keys from first to last, both included.
type keyRange struct {
	first, last []byte
	open        bool // last is not included
	endless     bool // there is no last: all keys from first on
}

// addKey adds a key, of which a view is kept.
func (f *footprint) addKey(user []byte) {
	f.keys = append(f.keys, hashedKey{sstable.Hash(user), user})
}

// seal orders what was added.
func (f *footprint) seal() {
	slices.SortFunc(f.keys, hashedKey.compare)
	f.keys = slices.CompactFunc(f.keys, func(a, b hashedKey) bool { return a.compare(b) == 0 })
	slices.SortFunc(f.ranges, func(a, b keyRange) int { return bytes.Compare(a.first, b.first) })
	joined := f.ranges[:0]
	for _, r := range f.ranges {
		switch n := len(joined); {
		case r.before(r.first): // empty
		case n > 0 && !joined[n-1].before(r.first):
			joined[n-1].join(r)
		default:
			joined = append(joined, r)
		}
	}
	f.ranges = joined
}

func (k hashedKey) compare(o hashedKey) int {
	if c := cmp.Compare(k.hash, o.hash); c != 0 {
		return c
	}
	return bytes.Compare(k.user, o.user)
}

// has says whether user is one of the keys or lies in a range.
func (f *footprint) has(user []byte) bool {
	k := hashedKey{sstable.Hash(user), user}
	if _, ok := slices.BinarySearchFunc(f.keys, k, hashedKey.compare); ok {
		return true
	}
	i, ok := slices.BinarySearchFunc(f.ranges, user, func(r keyRange, user []byte) int { return bytes.Compare(r.first, user) })
	return ok && !f.ranges[i].before(user) || i > 0 && !f.ranges[i-1].before(user)
}

// reset empties f and keeps its memory.
func (f *footprint) reset() {
	clear(f.keys)
	clear(f.ranges)
	f.keys, f.ranges = f.keys[:0], f.ranges[:0]
}

// before says whether all of r sorts before user.
func (r *keyRange) before(user []byte) bool {
	if r.endless {
		return false
	}
	c := bytes.Compare(r.last, user)
	return c < 0 || c == 0 && r.open
}

// join extends r to the end of o, which begins in r.
func (r *keyRange) join(o keyRange) {
	if o.endless || !r.endless && o.beyond(r) {
		r.last, r.endless, r.open = o.last, o.endless, o.open
	}
}

// beyond says whether o, which is not endless, ends after r, which is not either.
func (r *keyRange) beyond(o *keyRange) bool {
	c := bytes.Compare(r.last, o.last)
	return c > 0 || c == 0 && o.open
}

// Package rangedel keeps range deletes as fragments: ranges that do not overlap, each with
// the LSNs of all range deletes that cover it. So one search finds all that covers a key.
// Fragments are the idea of RocksDB's FragmentedRangeTombstoneList ("DeleteRange: A New
// Native RocksDB Operation", 2018) and of Pebble's package keyspan.
//
// A range delete (start, end, LSN) hides each version of a key of [start, end) whose LSN is
// smaller.
//
// Both of those make the fragments of a table at once, and make those of a MemTable anew
// after each change. A [Set] grows by one range delete in O(log n + k), if that covers k
// fragments, and never changes: it is a persistent treap (Seidel and Aragon, "Randomized
// Search Trees", 1996), of which a new version shares all nodes but those on the way to the
// change. Readers need no lock, and one set serves a MemTable, the tables and the manifest.
package rangedel

import (
	"bytes"
	"iter"
	"math/rand/v2"

	"lsmlab/engines/lsm/ikey"
)

// Range is a range delete: it hides versions of the keys of [Start, End) that are older than
// Seq. An End of nil stands for none.
type Range struct {
	Start, End []byte
	Seq        ikey.Seq
}

// Set is a set of range deletes. It never changes, so that it is safe for concurrent use;
// nil is the empty set, and no other set is empty.
type Set struct {
	root  node
	cells int // LSNs that were put into lists
}

// Cells returns how many LSNs s has put into the lists of fragments, each of which takes 16
// bytes.
func (s *Set) Cells() int {
	if s == nil {
		return 0
	}
	return s.cells
}

// node is a fragment, and the root of a treap: keys rise from left to right, and priorities
// fall from the root on. Nodes never change once they are in a set.
type node struct {
	start, end  []byte
	seqs        *seqs
	priority    uint64
	left, right *node
}

// seqs is LSNs, falling. Fragments share the tails of their lists.
type seqs struct {
	seq   ikey.Seq
	older *seqs
}

// with returns the list with one more LSN. Range deletes come nearly in the order of their
// LSNs, so it is put in near the front.
func (s *seqs) with(seq ikey.Seq) *seqs {
	if s == nil || s.seq < seq {
		return &seqs{seq, s}
	}
	return &seqs{s.seq, s.older.with(seq)}
}

// Add returns s with one more range delete, which must not be empty. The set keeps r's
// bytes, which must not change.
func (s *Set) Add(r Range) *Set {
	var root *node
	if s != nil {
		root = &s.root
	}
	before, rest := split(root, r.Start)
	inside, after := rest, (*node)(nil)
	if r.End != nil {
		inside, after = split(rest, r.End)
	}
	c := covering{r: r, at: append([]byte{}, r.Start...)} // not nil, which is the end of all
	c.cover(inside)
	c.fill(r.End)
	return &Set{*join(join(before, c.covered), after), s.Cells() + c.cells}
}

// covering builds the treap of a range that is covered anew, from left to right.
type covering struct {
	r       Range
	at      []byte // end of what is built
	covered *node
	cells   int
}

// cover adds the fragments of t, and what lies between them.
func (c *covering) cover(t *node) {
	if t == nil {
		return
	}
	c.cover(t.left)
	if bytes.Compare(c.at, t.start) < 0 {
		c.fill(t.start)
	}
	c.add(t.end, t.seqs.with(c.r.Seq))
	c.cover(t.right)
}

// fill covers up to end, where nothing did.
func (c *covering) fill(end []byte) {
	if c.at != nil && (end == nil || bytes.Compare(c.at, end) < 0) {
		c.add(end, &seqs{seq: c.r.Seq})
	}
}

func (c *covering) add(end []byte, s *seqs) {
	c.covered = join(c.covered, &node{start: c.at, end: end, seqs: s, priority: rand.Uint64()})
	c.at = end
	c.cells++
}

// split returns what of t is before key, and the rest. It cuts the fragment that key lies in.
func split(t *node, key []byte) (before, rest *node) {
	if t == nil {
		return nil, nil
	}
	if bytes.Compare(key, t.start) <= 0 {
		before, rest = split(t.left, key)
		n := *t
		n.left = rest
		return before, &n
	}
	n := *t
	if behind(key, t.end) {
		before, rest = split(t.right, key)
		n.right = before
		return &n, rest
	}
	n.end, n.right = key, nil
	tail := &node{start: key, end: t.end, seqs: t.seqs, priority: rand.Uint64()}
	return &n, join(tail, t.right)
}

// join returns the treap of both, of which all fragments of a are before those of b.
func join(a, b *node) *node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.priority >= b.priority:
		n := *a
		n.right = join(a.right, b)
		return &n
	}
	n := *b
	n.left = join(a, b.left)
	return &n
}

// behind says whether key is at or after end, where nil is behind all keys.
func behind(key, end []byte) bool { return end != nil && bytes.Compare(key, end) >= 0 }

// Fragment is a range all of whose keys are covered by the same range deletes; by none, if
// it is the gap between two fragments. An End of nil stands for none.
type Fragment struct {
	Start, End []byte
	seqs       *seqs
}

// At returns the fragment, or the gap, that key lies in.
func (s *Set) At(key []byte) Fragment {
	var f Fragment
	if s == nil {
		return f
	}
	for t := &s.root; t != nil; {
		switch {
		case bytes.Compare(key, t.start) < 0:
			f.End, t = t.start, t.left
		case behind(key, t.end):
			f.Start, t = t.end, t.right
		default:
			return Fragment{t.start, t.end, t.seqs}
		}
	}
	return f
}

// Contains says whether key lies in the fragment.
func (f *Fragment) Contains(key []byte) bool {
	return bytes.Compare(f.Start, key) <= 0 && !behind(key, f.End)
}

// Newest returns the newest LSN of the fragment that is not above seq, 0 if there is none.
func (f *Fragment) Newest(seq ikey.Seq) ikey.Seq {
	for s := f.seqs; s != nil; s = s.older {
		if s.seq <= seq {
			return s.seq
		}
	}
	return 0
}

// Above returns the oldest LSN of the fragment that is above seq, 0 if there is none.
func (f *Fragment) Above(seq ikey.Seq) (above ikey.Seq) {
	for s := f.seqs; s != nil && s.seq > seq; s = s.older {
		above = s.seq
	}
	return above
}

// lsns returns the LSNs of the fragment, newest first.
func (f *Fragment) lsns() iter.Seq[ikey.Seq] {
	return func(yield func(ikey.Seq) bool) {
		for s := f.seqs; s != nil; s = s.older {
			if !yield(s.seq) {
				return
			}
		}
	}
}

// Fragments returns the fragments from the one on that ends after key, in the order of keys.
func (s *Set) Fragments(key []byte) iter.Seq[Fragment] {
	return func(yield func(Fragment) bool) {
		if s != nil {
			s.root.walk(key, yield)
		}
	}
}

// walk returns whether the walk goes on.
func (t *node) walk(key []byte, yield func(Fragment) bool) bool {
	if t == nil {
		return true
	}
	if behind(key, t.end) {
		return t.right.walk(key, yield)
	}
	return t.left.walk(key, yield) && yield(Fragment{t.start, t.end, t.seqs}) && t.right.walk(key, yield)
}

// Ranges returns range deletes of which the set can be made. Where fragments with one LSN
// lie side by side, that is one range delete. So there are not more than were added, unless
// [Set.Filter] cut some.
func (s *Set) Ranges() []Range {
	var ranges []Range
	last := map[ikey.Seq]int{} // LSN to its last range
	for f := range s.Fragments(nil) {
		for seq := range f.lsns() {
			i, ok := last[seq]
			if ok && ranges[i].End != nil && bytes.Equal(ranges[i].End, f.Start) {
				ranges[i].End = f.End
				continue
			}
			last[seq] = len(ranges)
			ranges = append(ranges, Range{f.Start, f.End, seq})
		}
	}
	return ranges
}

// Filter returns the set of those range deletes, fragment by fragment, for which keep is
// true. It is asked for the LSNs of a fragment from the newest on; newer is the LSN before
// in the fragment, 0 if there is none.
func (s *Set) Filter(keep func(f Fragment, seq, newer ikey.Seq) bool) *Set {
	var root *node
	cells := 0
	for f := range s.Fragments(nil) {
		var kept []ikey.Seq
		newer := ikey.Seq(0)
		for seq := range f.lsns() {
			if keep(f, seq, newer) {
				kept = append(kept, seq)
			}
			newer = seq
		}
		var list *seqs
		for i := len(kept) - 1; i >= 0; i-- {
			list = &seqs{kept[i], list}
		}
		cells += len(kept)
		if list != nil {
			root = join(root, &node{start: f.Start, end: f.End, seqs: list, priority: rand.Uint64()})
		}
	}
	if root == nil {
		return nil
	}
	return &Set{*root, cells}
}

// Weight returns how many LSNs all fragments have together, which is what a set takes in
// memory.
func (s *Set) Weight() (n int) {
	for f := range s.Fragments(nil) {
		for range f.lsns() {
			n++
		}
	}
	return n
}

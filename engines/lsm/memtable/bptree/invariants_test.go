package bptree

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/testseed"
)

// check verifies invariants 2 to 5 on a tree at rest and returns its entries.
func (t *tree) check() (entries int, err error) {
	root := rootRef(t.root.Load())
	below := []word{word(root.ref())} // fence<<32 | node: what the level above says
	for level := root.level(); ; level-- {
		var next []word
		for i, w := range below {
			n := t.node(childOf(w))
			m, lnk := n.load()
			right := word(0)
			if i+1 < len(below) {
				right = below[i+1]
			}
			if m&locked != 0 || n.low != fenceOf(w) || uint64(lnk) != right {
				return 0, fmt.Errorf("level %d, node %d: meta %x, low %d, link %x; parents say low %d, link %x",
					level, i, m, n.low, lnk, fenceOf(w), right)
			}
			if level == 0 {
				err = t.checkLeaf(t.leaf(childOf(w)), m, lnk)
				entries += m.count()
			} else {
				next, err = t.checkInner(next, t.inner(childOf(w)), m)
			}
			if err != nil {
				return 0, fmt.Errorf("level %d, node %d: %w", level, i, err)
			}
		}
		if level == 0 {
			return entries, nil
		}
		below = next
	}
}

func (t *tree) checkLeaf(l *leaf, m meta, lnk link) error {
	if m.count() == 0 && lnk.high() != 0 || m.count() > t.leafCap {
		return fmt.Errorf("leaf of %d entries", m.count())
	}
	var refs []arena.Ref
	last := word(0)
	for i := range m.count() {
		w := l.slots[m.start()+i].Load()
		if w>>32 != m.skip().head32(t.key(entryOf(w))) || w>>32 < last {
			return fmt.Errorf("entry %d has head %x after %x", i, w>>32, last)
		}
		last = w >> 32
		refs = append(refs, entryOf(w))
	}
	return t.checkOrder(refs, l.low, lnk.high())
}

func (t *tree) checkInner(next []word, n *inner, m meta) ([]word, error) {
	if m.count() < 1 || m.count() > t.innerCap || fenceOf(n.kids[0].Load()) != n.low {
		return nil, fmt.Errorf("inner node of %d children, low %d", m.count(), n.low)
	}
	var fences []arena.Ref
	for i := range m.count() {
		w := n.kids[i].Load()
		next = append(next, w)
		if i > 0 {
			fences = append(fences, fenceOf(w))
			if n.heads[i].Load() != m.skip().head64(t.key(fenceOf(w))) {
				return nil, fmt.Errorf("child %d has head %x", i, n.heads[i].Load())
			}
		}
	}
	return next, t.checkOrder(fences, n.low, link(n.link.Load()).high())
}

func (t *tree) checkOrder(refs []arena.Ref, low, high arena.Ref) error {
	for i, ref := range refs {
		if low != 0 && t.below(ref, low) || high != 0 && !t.below(ref, high) {
			return fmt.Errorf("%v is outside of the fences", t.key(ref))
		}
		if i > 0 && !t.below(refs[i-1], ref) {
			return fmt.Errorf("%v is not below %v", t.key(refs[i-1]), t.key(ref))
		}
	}
	return nil
}

// TestStructure has goroutines insert random, rising and falling keys and many
// versions of few keys, and then verifies the whole structure. It would show a
// split that a parent never heard of, which readers survive by moving right, and
// heads that were made for other fences.
func TestStructure(t *testing.T) {
	seed := testseed.New(t)
	keys := map[string]func(rng *rand.Rand, i int) []byte{
		"random":  func(rng *rand.Rand, i int) []byte { return binary.BigEndian.AppendUint32(nil, rng.Uint32()) },
		"decimal": func(rng *rand.Rand, i int) []byte { return fmt.Appendf(nil, "user%010d", rng.Uint32()) },
		"rising":  func(_ *rand.Rand, i int) []byte { return fmt.Appendf(nil, "%08d", i) },
		"falling": func(_ *rand.Rand, i int) []byte { return fmt.Appendf(nil, "%08d", 1<<20-i) },
		"few":     func(rng *rand.Rand, i int) []byte { return fmt.Appendf(nil, "key%d", rng.IntN(3)) },
	}
	const goroutines, each = 4, 4000
	for name, key := range keys {
		for _, caps := range [][2]int{{leafSlots, innerSlots}, {2, 3}, {3, 4}} {
			t.Run(fmt.Sprintf("%s/leaf=%d", name, caps[0]), func(t *testing.T) {
				tr := newTree(memtable.Options{}, caps[0], caps[1])
				defer tr.Release()
				var wg sync.WaitGroup
				for g := range goroutines {
					wg.Go(func() {
						rng := rand.New(rand.NewPCG(seed, uint64(g)))
						for i := range each {
							seq := ikey.Seq(i*goroutines + g + 1)
							tr.Add(ikey.New(key(rng, int(seq)), seq, ikey.Set), nil)
						}
					})
				}
				wg.Wait()
				if n, err := tr.check(); err != nil || n != goroutines*each {
					t.Errorf("%d entries, want %d; %v", n, goroutines*each, err)
				}
			})
		}
	}
}

// stuck is a tree in which one writer stopped while it held a lock, as one that
// lost its thread does. readable verifies that readers find all that was added
// before, without waiting.
type stuck struct {
	*tree
	t    *testing.T
	keys []ikey.Key
}

func newStuck(t *testing.T, leafCap, innerCap, entries int) *stuck {
	s := &stuck{tree: newTree(memtable.Options{}, leafCap, innerCap), t: t}
	t.Cleanup(s.Release)
	for i := range entries {
		// Key 5, 15, 25, ...: there is room between.
		k := ikey.New(fmt.Appendf(nil, "%05d", (i*7%entries)*10+5), ikey.Seq(i+1), ikey.Set)
		s.keys = append(s.keys, k)
		s.Add(k, k.User)
	}
	return s
}

func (s *stuck) readable(when string) {
	s.t.Helper()
	it := s.NewIterator()
	defer it.Close()
	for _, k := range s.keys {
		if v, _, ok := s.Get(k.User, ikey.MaxSeq); !ok || string(v) != string(k.User) {
			s.t.Fatalf("%s: Get(%v) = %q, %v", when, k, v, ok)
		}
		if !it.SeekGE(k) || ikey.Compare(it.Key(), k) != 0 {
			s.t.Fatalf("%s: SeekGE(%v) missed", when, k)
		}
	}
	seen, last := 0, ""
	for ok := it.First(); ok; ok = it.Next() {
		user := string(it.Key().User)
		if user <= last {
			s.t.Fatalf("%s: walk went from %s to %s", when, last, user)
		}
		if user[4] == '5' {
			seen++
		}
		last = user
	}
	if seen != len(s.keys) {
		s.t.Fatalf("%s: walk of %d entries, want %d", when, seen, len(s.keys))
	}
}

// TestStuckInsert stops a writer after every store of an insert, in both
// directions of shifting, at every position (invariant 7).
func TestStuckInsert(t *testing.T) {
	const entries = 9
	for _, direction := range []meta{0, shiftingLeft} {
		for rank := range entries + 1 {
			s := newStuck(t, leafSlots, innerSlots, entries)
			l := s.leaf(s.first)
			m := meta(l.meta.Load())
			if direction == shiftingLeft { // make room at the left
				for i := m.count() - 1; i >= 0; i-- {
					l.slots[i+3].Store(l.slots[i].Load())
				}
				for i := range 3 {
					l.slots[i].Store(0)
				}
				m = m.next(3, m.count(), m.skip())
				l.meta.Store(uint64(m))
			}
			k := ikey.New(fmt.Appendf(nil, "%05d", rank*10), 1000, ikey.Set)
			entry := m.skip().head32(k)<<32 | word(s.newEntry(s.mem.Alloc(64), k, nil))
			l.lock(m, direction)
			s.readable("locked")
			if pos := m.start() + rank; direction == 0 {
				for i := m.start() + entries; i > pos; i-- {
					l.slots[i].Store(l.slots[i-1].Load())
					s.readable("shifting right")
				}
				l.slots[pos].Store(entry)
			} else {
				for i := m.start(); i < pos; i++ {
					l.slots[i-1].Store(l.slots[i].Load())
					s.readable("shifting left")
				}
				l.slots[pos-1].Store(entry)
			}
			s.readable("stored")
		}
	}
}

// TestStuckSplit stops a writer after the stores of a split: when the right leaf
// is linked and the left one still holds all; before the parent knows; and while
// it holds the lock of the root.
func TestStuckSplit(t *testing.T) {
	s := newStuck(t, leafSlots, innerSlots, leafSlots)
	l := s.leaf(s.first)
	m, lnk := l.load()
	l.lock(m, 0)
	var words []word
	for i := range l.slots {
		words = append(words, l.slots[i].Load())
	}
	const keep = 13
	fence := entryOf(words[keep])
	right := s.newRightLeaf(fence, lnk, words[keep:], m.skip())
	s.readable("right leaf made")
	l.link.Store(uint64(newLink(fence, right)))
	s.readable("linked")
	for i := keep - 1; i >= 0; i-- {
		l.slots[i].Store(words[i] & (1<<32 - 1)) // any heads: they are being changed
		s.readable("abbreviating")
	}

	s = newStuck(t, 2, 3, 100)
	for at := rootRef(s.root.Load()).ref(); at != s.first; {
		n := s.inner(at)
		n.lock(meta(n.meta.Load()), 0)
		s.readable("inner nodes locked")
		at = childOf(n.kids[0].Load())
	}
}

func TestNoHeapAllocation(t *testing.T) {
	tr := New(memtable.Options{})
	defer tr.Release()
	key, value, seq := []byte("key"), make([]byte, 100), ikey.Seq(0)
	allocs := testing.AllocsPerRun(20000, func() {
		seq++
		binary.BigEndian.PutUint16(key, uint16(seq*40503))
		tr.Add(ikey.New(key, seq, ikey.Set), value)
		if _, _, ok := tr.Get(key, seq); !ok {
			t.Fatal("not found")
		}
	})
	if allocs >= 0.1 { // chunks of the arena are counted on the heap in race builds
		t.Errorf("%v allocations for one Add and one Get, want 0", allocs)
	}
}

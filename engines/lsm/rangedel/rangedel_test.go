package rangedel

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/testseed"
)

// model is a set as a plain list.
type model []Range

func (m model) covering(key []byte) (seqs []ikey.Seq) {
	for _, r := range m {
		if bytes.Compare(r.Start, key) <= 0 && !behind(key, r.End) {
			seqs = append(seqs, r.Seq)
		}
	}
	slices.SortFunc(seqs, func(a, b ikey.Seq) int { return cmp.Compare(b, a) })
	return seqs
}

// keyAt returns key number i of a space in which the bounds of ranges and the keys between
// them lie; 0 is the empty key.
func keyAt(i int) []byte {
	if i == 0 {
		return []byte{}
	}
	return fmt.Appendf(nil, "%03d", i)
}

const spaceSize = 120

func randomRange(rng *rand.Rand, seq ikey.Seq) Range {
	a, b := rng.IntN(spaceSize), rng.IntN(spaceSize)
	if rng.IntN(4) == 0 {
		b = a + 1 + rng.IntN(3)
	}
	r := Range{keyAt(min(a, b)), keyAt(max(a, b, min(a, b)+1)), seq}
	if rng.IntN(30) == 0 {
		r.End = nil
	}
	return r
}

// TestModel adds ranges in nearly the order of their LSNs, and compares each set on the way
// with a list, also once later ones were made of it.
func TestModel(t *testing.T) {
	rng := testseed.Rand(t)
	for range 8 {
		n := 1 + rng.IntN(60)
		order := make([]ikey.Seq, n)
		for i := range order {
			order[i] = ikey.Seq(i + 1)
		}
		for range n / 4 {
			i := rng.IntN(n)
			j := min(n-1, i+rng.IntN(4))
			order[i], order[j] = order[j], order[i]
		}
		var s *Set
		var m model
		sets, models := []*Set{nil}, []model{nil}
		for _, seq := range order {
			r := randomRange(rng, seq)
			s, m = s.Add(r), append(m[:len(m):len(m)], r)
			sets, models = append(sets, s), append(models, m)
		}
		for i, s := range sets {
			check(t, s, models[i])
		}
		again := rebuilt(s.Ranges())
		check(t, again, m)
		if got := len(s.Ranges()); got > n {
			t.Errorf("%d ranges of %d", got, n)
		}
	}
}

func rebuilt(ranges []Range) (s *Set) {
	for _, r := range ranges {
		s = s.Add(r)
	}
	return s
}

// check compares all that can be asked of s.
func check(t *testing.T, s *Set, m model) {
	t.Helper()
	var last *Fragment
	weight := 0
	for f := range s.Fragments(nil) {
		if f.End != nil && bytes.Compare(f.Start, f.End) >= 0 || last != nil && !behind(f.Start, last.End) {
			t.Fatalf("fragment %q..%q after %v", f.Start, f.End, last)
		}
		last = &f
		weight += len(slices.Collect(f.lsns()))
	}
	if weight != s.Weight() {
		t.Errorf("weight %d, want %d", s.Weight(), weight)
	}
	var c Cover
	c.Init(ikey.Seq(len(m) / 2))
	c.Add(s)
	for i := range spaceSize + 2 {
		for _, key := range [][]byte{keyAt(i), append(keyAt(i), 0)} {
			want := m.covering(key)
			f := s.At(key)
			if got := slices.Collect(f.lsns()); !slices.Equal(got, want) || !f.Contains(key) {
				t.Fatalf("%q: %v in %q..%q, want %v", key, got, f.Start, f.End, want)
			}
			for seq := range ikey.Seq(len(m) + 2) {
				checkSeq(t, &f, want, seq)
			}
			newest := newestOf(want, c.seq)
			got, end := c.Reach(key)
			if got != newest {
				t.Fatalf("%q: cover %d, want %d", key, got, newest)
			}
			if got > 0 && (behind(key, end) || end != nil && bytes.Compare(f.End, end) > 0) {
				t.Fatalf("%q: reach %q in %q..%q", key, end, f.Start, f.End)
			}
		}
	}
}

func newestOf(seqs []ikey.Seq, most ikey.Seq) ikey.Seq {
	for _, s := range seqs {
		if s <= most {
			return s
		}
	}
	return 0
}

func checkSeq(t *testing.T, f *Fragment, want []ikey.Seq, seq ikey.Seq) {
	t.Helper()
	if got := f.Newest(seq); got != newestOf(want, seq) {
		t.Fatalf("newest up to %d: %d of %v", seq, got, want)
	}
	above := ikey.Seq(0)
	for _, s := range want {
		if s > seq {
			above = s
		}
	}
	if got := f.Above(seq); got != above {
		t.Fatalf("oldest above %d: %d of %v", seq, got, want)
	}
}

// TestFilter compares what is left with a filter of each key's list.
func TestFilter(t *testing.T) {
	rng := testseed.Rand(t)
	for range 40 {
		var m model
		var s *Set
		for seq := range ikey.Seq(30) {
			r := randomRange(rng, seq+1)
			s, m = s.Add(r), append(m, r)
		}
		drop := func(seq, newer ikey.Seq) bool { return seq%3 == 0 || newer > 0 && newer-seq == 1 }
		kept := s.Filter(func(_ Fragment, seq, newer ikey.Seq) bool { return !drop(seq, newer) })
		for i := range spaceSize + 1 {
			var want []ikey.Seq
			newer := ikey.Seq(0)
			for _, seq := range m.covering(keyAt(i)) {
				if !drop(seq, newer) {
					want = append(want, seq)
				}
				newer = seq
			}
			f := kept.At(keyAt(i))
			if got := slices.Collect(f.lsns()); !slices.Equal(got, want) {
				t.Fatalf("%q: %v, want %v", keyAt(i), got, want)
			}
		}
		if kept.Filter(func(Fragment, ikey.Seq, ikey.Seq) bool { return false }) != nil {
			t.Fatal("a set without range deletes is not nil")
		}
	}
}

// BenchmarkAdd adds disjoint range deletes to a set that has many.
func BenchmarkAdd(b *testing.B) {
	for _, n := range []int{10, 1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var s *Set
			add := func(s *Set, i int) *Set {
				return s.Add(Range{fmt.Appendf(nil, "%08d", 10*i), fmt.Appendf(nil, "%08d", 10*i+5), ikey.Seq(i + 1)})
			}
			for i := range n {
				s = add(s, i*7919%n)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				add(s, n+i%n)
			}
		})
	}
}

// BenchmarkAt searches in sets of several sizes.
func BenchmarkAt(b *testing.B) {
	for _, n := range []int{10, 1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var s *Set
			keys := make([][]byte, n)
			for i := range n {
				keys[i] = fmt.Appendf(nil, "%08d", 10*i+2)
				s = s.Add(Range{fmt.Appendf(nil, "%08d", 10*i), fmt.Appendf(nil, "%08d", 10*i+5), ikey.Seq(i + 1)})
			}
			for i := 0; b.Loop(); i++ {
				if f := s.At(keys[i*7919%n]); f.Newest(ikey.MaxSeq) == 0 {
					b.Fatal("not covered")
				}
			}
		})
	}
}

package kvtest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"lsmlab/engines/kv"
)

var reverseCases = []Case{
	{"ReverseBounds", testReverseBounds},
	{"ReverseMoves", testReverseMoves},
	{"ReverseOfViews", testReverseOfViews},
	{"ReverseKeySizes", testReverseKeySizes},
	{"ReverseClosed", testReverseClosed},
}

// newReverse returns a store and its ability to scan downwards, or skips the test.
func newReverse(t testing.TB, h Harness) (*store, kv.ReverseScanner) {
	t.Helper()
	s := newStore(t, h)
	r, ok := s.Engine.(kv.ReverseScanner)
	if !ok {
		t.Skip("the engine does not scan downwards: it is no kv.ReverseScanner")
	}
	return s, r
}

// backwards returns all in the other order.
func backwards(all []pair) []pair {
	all = slices.Clone(all)
	slices.Reverse(all)
	return all
}

// walkBack reads all of it, downwards.
func walkBack(t testing.TB, it kv.ReverseIterator) (all []pair) {
	t.Helper()
	for ok := it.Last(); ok; ok = it.Prev() {
		all = append(all, pair{string(it.Key()), string(it.Value())})
	}
	if err := it.Close(); err != nil {
		t.Fatalf("close of a reverse iterator: %v", err)
	}
	return all
}

// wantBack checks that a scan of r downwards yields exactly want, which is in order.
func (s *store) wantBack(r kv.ReverseScanner, lower, upper []byte, want []pair) {
	s.Helper()
	it := r.ScanReverse(lower, upper)
	s.wantBefore(it, it.Last(), want)
	if err := it.Close(); err != nil {
		s.Fatalf("close of a reverse iterator: %v", err)
	}
}

// wantBefore checks the entries from the place where it stands, downwards to the first of
// want; ok is what the last move returned.
func (s *store) wantBefore(it kv.ReverseIterator, ok bool, want []pair) {
	s.Helper()
	for i, p := range backwards(want) {
		if !ok {
			s.Fatalf("reverse scan ended after %d entries, want %d (%v)", i, len(want), it.Close())
		}
		if string(it.Key()) != p.key || string(it.Value()) != p.value {
			s.Fatalf("reverse scan, entry %d: %s = %s, want %s = %s", i,
				show(string(it.Key())), show(string(it.Value())), show(p.key), show(p.value))
		}
		ok = it.Prev()
	}
	if ok {
		s.Fatalf("reverse scan goes on after %d entries with %s", len(want), show(string(it.Key())))
	}
}

func testReverseBounds(t testing.TB, h Harness) {
	s, r := newReverse(t, h)
	s.wantBack(r, nil, nil, nil)
	all := fill(s, 50)
	bound := func(i int) []byte { // -1 is unbounded
		if i < 0 {
			return nil
		}
		return fmt.Appendf(nil, "%02d", i)
	}
	for lower := -1; lower < 52; lower += 7 {
		for upper := -1; upper < 52; upper += 5 {
			from, to := min(max(lower, 0), 50), min(upper, 50)
			if upper < 0 {
				to = 50
			}
			want := all[min(from, to):to] // empty for equal and inverted bounds
			s.wantBack(r, bound(lower), bound(upper), want)

			it := r.ScanReverse(bound(lower), bound(upper))
			s.wantBefore(it, it.SeekLT([]byte("z")), want) // above upper is upper
			s.wantBefore(it, it.SeekLT([]byte{}), nil)
			if n := len(want); n > 1 {
				s.wantBefore(it, it.SeekLT([]byte(want[n-1].key)), want[:n-1])
				s.wantBefore(it, it.SeekLT([]byte(want[0].key)), nil)
				s.wantBefore(it, it.SeekLT([]byte(want[0].key+"x")), want[:1])
			}
			if lower >= 0 {
				s.wantBefore(it, it.SeekLT(bound(lower)), nil)
			}
			if err := it.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.wantBack(r, []byte{}, nil, all)          // the empty key is a bound like any other:
	s.wantBack(r, nil, []byte{}, nil)          // nothing sorts below it
	s.wantBack(r, []byte("049"), nil, all[5:]) // between two keys
	s.wantBack(r, nil, []byte("049"), all[:5])
}

func testReverseMoves(t testing.TB, h Harness) {
	s, r := newReverse(t, h)
	all := fill(s, 10)
	it := r.ScanReverse(nil, nil)
	s.wantBefore(it, it.Prev(), all) // Prev on a fresh iterator is Last
	for range 2 {
		if it.Prev() {
			t.Fatal("Prev after the end found an entry")
		}
	}
	s.wantBefore(it, it.Last(), all) // and back
	s.wantBefore(it, it.SeekLT([]byte("03")), all[:3])
	s.wantBefore(it, it.SeekLT([]byte("07")), all[:7]) // upwards
	s.wantBefore(it, it.SeekLT([]byte("06x")), all[:7])
	for i := range all[1:] { // a seek again and again, without walking
		if !it.SeekLT([]byte(all[i+1].key)) || string(it.Key()) != all[i].key {
			t.Fatalf("seek below %q stands elsewhere", all[i+1].key)
		}
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.ScanReverse(nil, nil).Close(); err != nil { // never moved
		t.Fatal(err)
	}
	it = r.ScanReverse([]byte("04"), []byte("06"))
	s.wantBefore(it, it.Prev(), all[4:6])
	s.wantBefore(it, it.Last(), all[4:6])
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
}

// testReverseOfViews: an iterator shows the state of its call, and a snapshot and a
// transaction theirs, over what was deleted, overwritten and flushed since. What an engine
// can do downwards, its snapshots and transactions can.
func testReverseOfViews(t testing.TB, h Harness) {
	s, r := newReverse(t, h)
	all := fill(s, 40)
	snap := s.snapshot()
	back, ok := snap.(kv.ReverseScanner)
	if !ok {
		t.Fatal("the engine scans downwards, its snapshots do not")
	}
	before := r.ScanReverse(nil, nil)
	var now []pair
	for i, p := range all {
		switch i % 4 {
		case 0:
			s.delete(p.key)
			continue
		case 1:
			p.value = "new"
			s.set(p.key, p.value)
		case 2:
			now = append(now, p)
			p = pair{p.key + "+", "added"}
			s.set(p.key, p.value)
		}
		now = append(now, p)
	}
	for range 2 {
		s.wantBefore(before, before.Last(), all)
		s.wantBefore(before, before.SeekLT([]byte("20")), all[:20])
		s.wantBack(back, nil, nil, all)
		s.wantBack(back, []byte("10"), []byte("20"), all[10:20])
		s.wantBack(r, nil, nil, now)
		s.flushAndCompact()
	}
	if err := errors.Join(before.Close(), snap.Close()); err != nil {
		t.Fatal(err)
	}
	for _, level := range levelsOf(t, s.Engine) {
		testReverseOfTxn(s, level, now)
	}
}

// testReverseOfTxn reads a transaction with own writes downwards.
func testReverseOfTxn(s *store, level kv.Isolation, stored []pair) {
	s.Helper()
	x := s.begin(level)
	defer x.Discard()
	r, ok := x.Txn.(kv.ReverseScanner)
	if !ok {
		s.Fatalf("%v: the engine scans downwards, its transactions do not", level)
	}
	s.wantBack(r, nil, nil, stored)
	x.delete(stored[0].key)
	x.set(stored[1].key, "own")
	x.set("zz", "last")
	x.delete(stored[10].key)
	x.delete(stored[11].key)
	x.set(stored[12].key+"a", "between")
	want := slices.Concat([]pair{{stored[1].key, "own"}}, stored[2:10], stored[12:13], []pair{{stored[12].key + "a", "between"}}, stored[13:], []pair{{"zz", "last"}})
	s.wantBack(r, nil, nil, want)
	s.wantBack(r, []byte(want[3].key), []byte(want[10].key), want[3:10])
	it := r.ScanReverse(nil, []byte("zz"))
	for i := range want[1:] {
		if !it.SeekLT([]byte(want[i+1].key)) || string(it.Key()) != want[i].key {
			s.Fatalf("seek below %q stands at %q", want[i+1].key, it.Key())
		}
	}
	s.wantBefore(it, it.Last(), want[:len(want)-1])
	if err := it.Close(); err != nil {
		s.Fatal(err)
	}
}

// testReverseKeySizes walks keys that engines stumble over, from each of them.
func testReverseKeySizes(t testing.TB, h Harness) {
	s, r := newReverse(t, h)
	keys := awkwardKeys(true)
	s.setAll(pairs("x", keys...))
	want := pairs("x", keys...)
	s.wantBack(r, nil, nil, want)
	for i, key := range keys { // every key as a bound and as a seek target
		s.wantBack(r, []byte(key), nil, want[i:])
		s.wantBack(r, nil, []byte(key), want[:i])
		it := r.ScanReverse(nil, nil)
		s.wantBefore(it, it.SeekLT([]byte(key)), want[:i])
		if err := it.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func testReverseClosed(t testing.TB, h Harness) {
	s, r := newReverse(t, h)
	fill(s, 10)
	snap := s.snapshot()
	open, moved := r.ScanReverse(nil, nil), snap.(kv.ReverseScanner).ScanReverse(nil, nil)
	if !moved.Last() {
		t.Fatal("no entry")
	}
	s.close()
	for _, it := range []kv.ReverseIterator{open, moved, r.ScanReverse(nil, nil), snap.(kv.ReverseScanner).ScanReverse(nil, nil)} {
		if it.Prev() || it.Last() || it.SeekLT([]byte("z")) {
			t.Fatal("a reverse iterator moves after its store was closed")
		}
		if err := it.Close(); !errors.Is(err, kv.ErrClosed) {
			t.Fatalf("close of a reverse iterator on a closed store: %v", err)
		}
	}
	_ = snap.Close() // says ErrClosed or nothing
	s.open()
}

package kvtest

import (
	"fmt"
	"testing"
)

var scanCases = []Case{
	{"ScanBounds", testScanBounds},
	{"ScanMoves", testScanMoves},
	{"ScanWhileWriting", testScanWhileWriting},
}

// fill writes n entries "00".."NN" and returns them in order.
func fill(s *store, n int) []pair {
	s.Helper()
	all := make([]pair, n)
	for i := range all {
		all[i] = pair{fmt.Sprintf("%02d", i), fmt.Sprintf("v%d", i)}
		s.set(all[i].key, all[i].value)
	}
	return all
}

func testScanBounds(t testing.TB, h Harness) {
	s := newStore(t, h)
	s.wantScan(s, nil, nil, nil)
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
			s.wantScan(s, bound(lower), bound(upper), want)

			it := s.Scan(bound(lower), bound(upper))
			s.wantRest(it, it.SeekGE(nil), want) // below lower is lower
			s.wantRest(it, it.SeekGE([]byte("z")), nil)
			if len(want) > 1 {
				s.wantRest(it, it.SeekGE([]byte(want[1].key)), want[1:])
			}
			if upper >= 0 {
				s.wantRest(it, it.SeekGE(bound(upper)), nil)
			}
			s.closeIter(it)
		}
	}
	s.wantScan(s, []byte{}, nil, all)          // the empty key is a bound like any other:
	s.wantScan(s, nil, []byte{}, nil)          // nothing sorts below it
	s.wantScan(s, []byte{}, []byte{}, nil)     // equal
	s.wantScan(s, []byte("049"), nil, all[5:]) // between two keys
	s.wantScan(s, nil, []byte("049"), all[:5])
}

func testScanMoves(t testing.TB, h Harness) {
	s := newStore(t, h)
	all := fill(s, 10)
	it := s.Scan(nil, nil)
	s.wantRest(it, it.Next(), all) // Next on a fresh iterator is First
	for range 2 {
		if it.Next() {
			t.Fatal("Next after the end found an entry")
		}
	}
	s.wantRest(it, it.First(), all) // and back
	s.wantRest(it, it.SeekGE([]byte("07")), all[7:])
	s.wantRest(it, it.SeekGE([]byte("03")), all[3:]) // backwards
	s.wantRest(it, it.SeekGE([]byte("03x")), all[4:])
	for i := range all { // a seek again and again, without walking
		if !it.SeekGE([]byte(all[i].key)) || string(it.Key()) != all[i].key {
			t.Fatalf("seek to %q stands elsewhere", all[i].key)
		}
	}
	s.closeIter(it)
	s.closeIter(s.Scan(nil, nil)) // never moved
	it = s.Scan([]byte("04"), []byte("06"))
	s.wantRest(it, it.Next(), all[4:6])
	s.wantRest(it, it.First(), all[4:6])
	s.closeIter(it)
}

// testScanWhileWriting opens iterators, changes the store below them, and only
// then moves them: each must show the state of its own call of Scan.
func testScanWhileWriting(t testing.TB, h Harness) {
	s := newStore(t, h)
	all := fill(s, 40)
	before, half := s.Scan(nil, nil), s.Scan(nil, nil)
	ok := half.First()
	for i, p := range all[:20] {
		if string(half.Key()) != p.key {
			t.Fatalf("entry %d is %q", i, half.Key())
		}
		ok = half.Next()
	}
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
	after := s.Scan(nil, nil)
	s.wantRest(before, before.First(), all)
	s.wantRest(half, ok, all[20:])
	s.wantRest(half, half.First(), all)
	s.wantRest(after, after.First(), now)
	for _, it := range []interface{ Close() error }{before, half, after} {
		if err := it.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

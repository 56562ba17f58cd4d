package kvtest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"lsmlab/engines/kv"
)

var rangeDeleteCases = []Case{
	{"RangeDeletesRefused", testRangeDeletesRefused},
	{"RangeDelete", testRangeDelete},
	{"RangeDeleteOrder", testRangeDeleteOrder},
	{"RangeDeleteViews", testRangeDeleteViews},
	{"RangeDeleteKeySizes", testRangeDeleteKeySizes},
	{"RangeDeleteConflicts", testRangeDeleteConflicts},
}

// takesRangeDeletes says whether e takes a batch with a range delete.
func takesRangeDeletes(t testing.TB, e kv.Engine, d kv.Durability) bool {
	t.Helper()
	var b kv.Batch
	b.DeleteRange([]byte("\x00kvtest"), []byte("\x00kvtesu"))
	err := e.Apply(&b, d)
	if err != nil && !errors.Is(err, kv.ErrUnsupported) {
		t.Fatalf("range delete of nothing: %v", err)
	}
	return err == nil
}

// withRangeDeletes returns a store that takes range deletes, or skips the test.
func withRangeDeletes(t testing.TB, h Harness) *store {
	t.Helper()
	s := newStore(t, h)
	if !takesRangeDeletes(t, s.Engine, s.durability) {
		t.Skip("the engine has no range deletes: it refuses kv.OpDeleteRange")
	}
	return s
}

// deleteRange deletes [lower, upper) in a batch of its own; "-" is no bound.
func (s *store) deleteRange(lower, upper string) {
	s.Helper()
	s.apply(s.durability, func(b *kv.Batch) { b.DeleteRange(keyOrNil(lower), keyOrNil(upper)) })
}

func keyOrNil(key string) []byte {
	if key == "-" {
		return nil
	}
	return []byte(key)
}

// testRangeDeletesRefused: an engine without range deletes refuses the whole batch. One
// that has them is in the other cases.
func testRangeDeletesRefused(t testing.TB, h Harness) {
	s := newStore(t, h)
	if takesRangeDeletes(t, s.Engine, s.durability) {
		t.Skip("the engine has range deletes")
	}
	all := fill(s, 10)
	var b kv.Batch
	b.Set([]byte("before"), nil)
	b.DeleteRange([]byte("02"), []byte("05"))
	b.Delete([]byte("09"))
	if err := s.Apply(&b, s.durability); !errors.Is(err, kv.ErrUnsupported) {
		t.Fatalf("batch with a range delete: %v, want %v", err, kv.ErrUnsupported)
	}
	s.wantScan(s, nil, nil, all)
	s.apply(s.durability, func(b *kv.Batch) { b.DeleteRange([]byte("05"), []byte("02")) }) // an empty one is none
	s.wantScan(s, nil, nil, all)
}

// testRangeDelete deletes ranges one after the other, and compares with a list.
func testRangeDelete(t testing.TB, h Harness) {
	s := withRangeDeletes(t, h)
	for _, compacted := range []bool{false, true} {
		want := fill(s, 60)
		for _, r := range [][2]string{
			{"10", "20"}, {"15", "25"}, {"30", "30"}, {"35", "31"}, {"3", "4"}, {"40x", "42"}, {"41", "42\x00"}, {"x", "-"}, {"55", "-"}, {"-", "02"}, {"-", ""}, {"03", "03\x00"},
		} {
			if compacted {
				s.flushAndCompact()
			}
			s.deleteRange(r[0], r[1])
			want = slices.DeleteFunc(want, func(p pair) bool {
				return (r[0] == "-" || p.key >= r[0]) && (r[1] == "-" || p.key < r[1])
			})
			s.wantScan(s, nil, nil, want)
			s.wantScan(s, []byte("12"), []byte("42"), between(want, "12", "42"))
			s.wantMissing(s, "17")
		}
		for _, p := range want {
			s.want(s, p.key, p.value)
		}
		s.set("17", "back")
		s.want(s, "17", "back")
		s.delete("17")
		if compacted {
			s.flushAndCompact()
		}
		s.barrier()
		s.reopen()
		s.wantScan(s, nil, nil, want)
		s.deleteRange("-", "-")
		s.wantScan(s, nil, nil, nil)
	}
}

// between returns those of all, in order, that are in [lower, upper).
func between(all []pair, lower, upper string) (in []pair) {
	for _, p := range all {
		if p.key >= lower && p.key < upper {
			in = append(in, p)
		}
	}
	return in
}

// testRangeDeleteOrder: within a batch a range delete takes what was set before it, and
// nothing that is set after it.
func testRangeDeleteOrder(t testing.TB, h Harness) {
	s := withRangeDeletes(t, h)
	s.setAll(pairs("old", "a", "b", "c", "d"))
	s.apply(s.durability, func(b *kv.Batch) {
		b.Set([]byte("b"), []byte("1"))
		b.Set([]byte("bb"), []byte("1"))
		b.DeleteRange([]byte("b"), []byte("d"))
		b.Set([]byte("c"), []byte("2"))
		b.Set([]byte("cc"), []byte("2"))
		b.DeleteRange([]byte("cc"), []byte("ccc"))
		b.Delete([]byte("d"))
		b.DeleteRange([]byte("x"), nil)
		b.Set([]byte("x"), []byte("3"))
	})
	want := []pair{{"a", "old"}, {"c", "2"}, {"x", "3"}}
	for range 2 {
		s.wantScan(s, nil, nil, want)
		for _, key := range []string{"b", "bb", "cc", "d"} {
			s.wantMissing(s, key)
		}
		s.flushAndCompact()
	}
}

// testRangeDeleteViews: snapshots and iterators from before a range delete still show what
// it took, also after tables were flushed and compacted.
func testRangeDeleteViews(t testing.TB, h Harness) {
	s := withRangeDeletes(t, h)
	all := fill(s, 50)
	before, it := s.snapshot(), s.Scan(nil, nil)
	s.deleteRange("10", "30")
	after := s.snapshot()
	now := slices.Concat(all[:10], all[30:])
	s.set("15", "new")
	later := slices.Concat(all[:10], []pair{{"15", "new"}}, all[30:])
	for range 2 {
		s.wantScan(before, nil, nil, all)
		s.want(before, "15", "v15")
		s.wantRest(it, it.First(), all)
		s.wantRest(it, it.SeekGE([]byte("20")), all[20:])
		s.wantScan(after, nil, nil, now)
		s.wantMissing(after, "15")
		s.wantScan(s, nil, nil, later)
		if r, ok := s.Engine.(kv.ReverseScanner); ok {
			s.wantBack(r, nil, nil, later)
		}
		s.flushAndCompact()
	}
	s.closeIter(it)
	if err := errors.Join(before.Close(), after.Close()); err != nil {
		t.Fatal(err)
	}
	s.flushAndCompact()
	s.wantScan(s, nil, nil, later)
}

// testRangeDeleteKeySizes deletes from and up to keys that engines stumble over.
func testRangeDeleteKeySizes(t testing.TB, h Harness) {
	s := withRangeDeletes(t, h)
	keys := awkwardKeys(true)
	for i := 0; i < len(keys); i += 9 {
		to := min(i+7, len(keys)-1)
		s.setAll(pairs("x", keys...))
		s.deleteRange(keys[i], keys[to])
		want := slices.Concat(keys[:i], keys[max(to, i):])
		s.wantScan(s, nil, nil, pairs("x", want...))
	}
	s.apply(s.durability, func(b *kv.Batch) { b.DeleteRange(nil, nil) })
	s.wantScan(s, nil, nil, nil)
	var b kv.Batch
	b.Set([]byte("before"), nil)
	b.DeleteRange(nil, make([]byte, kv.MaxKeySize+1))
	if err := s.Apply(&b, s.durability); !errors.Is(err, kv.ErrTooLarge) {
		t.Fatalf("bound over the limit: %v, want %v", err, kv.ErrTooLarge)
	}
	s.wantScan(s, nil, nil, nil)
}

// testRangeDeleteConflicts: a transaction meets a conflict with a range delete that took
// what it wrote or read.
func testRangeDeleteConflicts(t testing.TB, h Harness) {
	if s := withRangeDeletes(t, h); s != nil {
		s.close()
	}
	taking := func(b *kv.Batch) { b.DeleteRange([]byte("b"), []byte("d")) }
	scenarios := []scenario{
		{"written", func(x *txn) { x.set("c", "own") }, taking, written},
		{"read", func(x *txn) { x.get("c"); x.set("x", "own") }, taking, readOnly},
		{"scanned", reading("a", "z"), taking, readOnly},
		{"outside", func(x *txn) { x.get("a"); x.get("e"); x.set("x", "own") }, taking, nothing},
	}
	interleaved(t, h)
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		for _, sc := range scenarios {
			for _, flushed := range []bool{false, true} {
				sub := *s
				sub.TB = labelled{t, fmt.Sprintf("%v: %s, flushed %v", level, sc.name, flushed)}
				sc.run(&sub, level, false, flushed)
			}
		}
	})
}

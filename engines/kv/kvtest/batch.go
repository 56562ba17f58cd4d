package kvtest

import (
	"errors"
	"fmt"
	"testing"

	"lsmlab/engines/kv"
)

var batchCases = []Case{
	{"BatchOrder", testBatchOrder},
	{"BatchBig", testBatchBig},
	{"BatchRefused", testBatchRefused},
}

func testBatchOrder(t testing.TB, h Harness) {
	s := newStore(t, h)
	s.apply(s.rung, func(*kv.Batch) {})
	s.wantScan(s, nil, nil, nil)
	s.set("old", "1")
	s.apply(s.rung, func(b *kv.Batch) {
		for _, op := range []string{"a1", "a2", "b1", "b-", "c-", "c1", "d1", "d-", "d2", "e-"} {
			if key, value := []byte(op[:1]), []byte(op[1:]); op[1] == '-' {
				b.Delete(key)
			} else {
				b.Set(key, value)
			}
		}
		b.Delete([]byte("old"))
	})
	s.wantScan(s, nil, nil, []pair{{"a", "2"}, {"c", "1"}, {"d", "2"}})
	s.wantMissing(s, "b")
	s.wantMissing(s, "old")
}

// testBatchBig also deletes and writes again inside one batch of 10,000.
func testBatchBig(t testing.TB, h Harness) {
	s := newStore(t, h)
	const n = 10_000
	key := func(i int) string { return fmt.Sprintf("%06d", i*7919%n) } // scattered
	s.apply(s.rung, func(b *kv.Batch) {
		for i := range n {
			b.Set([]byte(key(i)), pattern(i, 32))
		}
	})
	want := make([]pair, n)
	for i := range n {
		want[i*7919%n] = pair{key(i), string(pattern(i, 32))}
	}
	s.wantScan(s, nil, nil, want)

	s.apply(s.rung, func(b *kv.Batch) {
		for i := range n {
			b.Delete([]byte(key(i)))
		}
		b.Set([]byte(key(5)), []byte("last"))
	})
	s.wantScan(s, nil, nil, []pair{{key(5), "last"}})
}

func testBatchRefused(t testing.TB, h Harness) {
	s := newStore(t, h)
	s.set("old", "1")
	refused := map[string]func(b *kv.Batch){
		"key":         func(b *kv.Batch) { b.Set(make([]byte, kv.MaxKeySize+1), nil) },
		"deleted key": func(b *kv.Batch) { b.Delete(make([]byte, kv.MaxKeySize+1)) },
		"value":       func(b *kv.Batch) { b.Set([]byte("v"), make([]byte, kv.MaxValueSize+1)) },
	}
	for name, fill := range refused {
		var b kv.Batch
		b.Set([]byte("before"), nil)
		fill(&b)
		b.Delete([]byte("old"))
		if err := s.Apply(&b, s.rung); !errors.Is(err, kv.ErrTooLarge) {
			t.Fatalf("oversized %s: %v, want %v", name, err, kv.ErrTooLarge)
		}
		s.wantScan(s, nil, nil, []pair{{"old", "1"}})
	}
}

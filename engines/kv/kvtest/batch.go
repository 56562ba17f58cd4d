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
	{"BatchHuge", testBatchHuge},
	{"BatchRefused", testBatchRefused},
}

func testBatchOrder(t testing.TB, h Harness) {
	s := newStore(t, h)
	s.apply(s.durability, func(*kv.Batch) {})
	s.wantScan(s, nil, nil, nil)
	s.set("old", "1")
	s.apply(s.durability, func(b *kv.Batch) {
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
	s.apply(s.durability, func(b *kv.Batch) {
		for i := range n {
			b.Set([]byte(key(i)), pattern(i, 32))
		}
	})
	want := make([]pair, n)
	for i := range n {
		want[i*7919%n] = pair{key(i), string(pattern(i, 32))}
	}
	s.wantScan(s, nil, nil, want)

	s.apply(s.durability, func(b *kv.Batch) {
		for i := range n {
			b.Delete([]byte(key(i)))
		}
		b.Set([]byte(key(5)), []byte("last"))
	})
	s.wantScan(s, nil, nil, []pair{{key(5), "last"}})
}

// testBatchHuge applies a batch that is larger than some engines buffer.
// One whose own limit is lower must refuse all of it.
func testBatchHuge(t testing.TB, h Harness) {
	s := newStore(t, h)
	s.set("old", "1")
	var b kv.Batch
	b.Delete([]byte("old"))
	var want []pair
	for i := range 160 {
		p := pair{fmt.Sprintf("%03d", i), string(pattern(i, 64<<10))}
		b.Set([]byte(p.key), []byte(p.value))
		want = append(want, p)
	}
	err := s.Apply(&b, s.safe)
	if h.MaxBatchSize > 0 && len(b.Bytes()) > h.MaxBatchSize {
		if !errors.Is(err, kv.ErrTooLarge) {
			t.Fatalf("batch of %d bytes, over the engine's limit: %v, want %v", len(b.Bytes()), err, kv.ErrTooLarge)
		}
		want = []pair{{"old", "1"}}
	} else if err != nil {
		t.Fatalf("batch of %d bytes: %v", len(b.Bytes()), err)
	}
	s.wantScan(s, nil, nil, want)
	s.reopen()
	s.wantScan(s, nil, nil, want)
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
		if err := s.Apply(&b, s.durability); !errors.Is(err, kv.ErrTooLarge) {
			t.Fatalf("oversized %s: %v, want %v", name, err, kv.ErrTooLarge)
		}
		s.wantScan(s, nil, nil, []pair{{"old", "1"}})
	}
}

package kvtest

import (
	"errors"
	"fmt"
	"testing"

	"lsmlab/engines/kv"
)

var durabilityCases = []Case{
	{"DurabilityLevels", testDurabilityLevels},
	{"DurabilityMixed", testDurabilityMixed},
}

// testDurabilityLevels: each level works, or is refused with nothing applied. A level
// that does not exist is refused. An engine none of whose levels survives a crash
// is of no use here.
func testDurabilityLevels(t testing.TB, h Harness) {
	s := newStore(t, h)
	var want []pair
	for d := kv.Volatile; d <= kv.Synced+1; d++ {
		p := pair{fmt.Sprint(uint8(d)), d.String()}
		var b kv.Batch
		b.Set([]byte(p.key), []byte(p.value))
		switch err := s.Apply(&b, d); {
		case err == nil && d <= kv.Synced:
			want = append(want, p)
		case !errors.Is(err, kv.ErrUnsupported):
			t.Fatalf("apply, %v: %v; want success or %v", d, err, kv.ErrUnsupported)
		}
		s.wantScan(s, nil, nil, want)
	}
	if s.safe == kv.Volatile {
		t.Fatal("no durability level of the engine survives a crash")
	}
}

// testDurabilityMixed writes durability levels in turn into one open store.
func testDurabilityMixed(t testing.TB, h Harness) {
	s := newStore(t, h)
	durabilities := Durabilities(t, s)
	var want []pair
	for i := range 60 {
		p := pair{fmt.Sprintf("%03d", i), fmt.Sprint(i)}
		s.apply(durabilities[i%len(durabilities)], func(b *kv.Batch) { b.Set([]byte(p.key), []byte(p.value)) })
		want = append(want, p)
	}
	s.barrier()
	s.wantScan(s, nil, nil, want)
	s.reopen()
	s.wantScan(s, nil, nil, want)
}

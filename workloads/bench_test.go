package workloads

import (
	"testing"

	"lsmlab/engines/kv"
)

// noop is an engine that does nothing: Get always finds the same value.
type noop struct{ value []byte }

func (e *noop) Get(dst, _ []byte) ([]byte, error)    { return append(dst, e.value...), nil }
func (e *noop) Scan(_, _ []byte) kv.Iterator         { return nil }
func (e *noop) Apply(*kv.Batch, kv.Durability) error { return nil }
func (e *noop) Snapshot() (kv.Snapshot, error)       { return nil, kv.ErrUnsupported }
func (e *noop) Close() error                         { return nil }

// BenchmarkStream is the cost of making one operation, key and value included.
func BenchmarkStream(b *testing.B) {
	for _, name := range names() {
		if name == mixName {
			continue
		}
		b.Run(name, func(b *testing.B) {
			w := mustNew(b, Spec{Workload: name, Keys: 1_000_000, Operations: Unlimited, Seed: 1})
			s := w.Stream(0)
			var op Op
			b.ReportAllocs()
			for b.Loop() {
				s.Next(&op)
				op.acknowledge()
			}
		})
	}
}

// BenchmarkGetOnNoop is all that a race adds to a Get of 100 B: making the
// operation, the call, and checking the value. One key, so that one value is
// right every time.
func BenchmarkGetOnNoop(b *testing.B) {
	for _, name := range []string{"readrandom", "ycsb-c"} {
		b.Run(name, func(b *testing.B) {
			w := mustNew(b, Spec{Workload: name, Keys: 1, ValueSize: 100, Operations: Unlimited})
			s, x := w.Stream(0), NewExecutor(w, &noop{AppendValue(nil, 0, 7, 100, 0)}, kv.Volatile)
			var op Op
			b.ReportAllocs()
			for b.Loop() {
				s.Next(&op)
				if err := x.Do(&op); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSetOnNoop is the same for a write of 100 B.
func BenchmarkSetOnNoop(b *testing.B) {
	w := mustNew(b, Spec{Workload: "overwrite", Keys: 1000, Operations: Unlimited})
	s, x := w.Stream(0), NewExecutor(w, &noop{}, kv.Volatile)
	var op Op
	b.ReportAllocs()
	for b.Loop() {
		s.Next(&op)
		if err := x.Do(&op); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendValue(b *testing.B) {
	dst := make([]byte, 0, 200)
	b.SetBytes(100)
	for b.Loop() {
		dst = AppendValue(dst[:0], 42, 7, 100, 0)
	}
}

func BenchmarkCheckValue(b *testing.B) {
	v := AppendValue(nil, 42, 7, 100, 0)
	b.SetBytes(100)
	for b.Loop() {
		if err := CheckValue(v, 42, 100); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	for _, k := range []Keys{{DBBench, 16}, {YCSB, 24}} {
		b.Run([]string{"db_bench", "ycsb"}[k.Style], func(b *testing.B) {
			var dst []byte
			i := uint64(0)
			for b.Loop() {
				i++
				dst = k.Append(dst[:0], i)
			}
		})
	}
}

func mustNew(tb testing.TB, spec Spec) *Workload {
	tb.Helper()
	w, err := New(spec)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

package lsm

import (
	"slices"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/wal"
)

// TestTraced: the view writes and reads as the store does, its steps follow
// each other, and LSNs are dense.
func TestTraced(t *testing.T) {
	db, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	steps := func(call func(e kv.Engine)) (names []string) {
		var trace kv.Trace
		call(db.Traced(&trace))
		for i, s := range trace.Steps {
			names = append(names, s.Name)
			if s.End.Before(s.Start) || i > 0 && trace.Steps[i-1].End != s.Start {
				t.Errorf("step %d of %+v", i, trace.Steps)
			}
		}
		return names
	}
	expect := func(got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("steps %q, want %q", got, want)
		}
	}
	var two kv.Batch
	two.Set([]byte("a"), []byte("1"))
	two.Set([]byte("b"), []byte("2"))
	write := func(d kv.Durability, want uint64) func(kv.Engine) {
		return func(e kv.Engine) {
			if lsn, err := e.(kv.LSNApplier).ApplyLSN(&two, d); err != nil || lsn != want || db.LSN() != want {
				t.Errorf("LSN %d, the newest %d, want %d: %v", lsn, db.LSN(), want, err)
			}
		}
	}
	expect(steps(write(kv.Buffered, 2)), stepAssign, stepMemTable, stepPublish, stepWAL, stepThrottle)
	expect(steps(write(kv.Synced, 4)), stepAssign, stepMemTable, stepPublish, stepWAL, stepSync, stepThrottle)
	read := func(e kv.Engine) {
		if v, err := e.Get(nil, []byte("b")); err != nil || string(v) != "2" {
			t.Errorf("%q, %v", v, err)
		}
	}
	expect(steps(read), stepMemTable)
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	expect(steps(read), stepMemTable, stepTables)
	expect(steps(func(e kv.Engine) { // nothing is assigned
		if lsn, err := e.(kv.LSNApplier).ApplyLSN(&kv.Batch{}, kv.Synced); err != nil || lsn != 0 {
			t.Errorf("LSN %d, %v", lsn, err)
		}
	}), stepAssign)
}

// BenchmarkTrace shows what tracing costs when it is on, and that it costs
// nothing measurable when it is off: compare "off" with the commit before.
func BenchmarkTrace(b *testing.B) {
	db, err := Open(b.TempDir(), Options{WALWrite: wal.Mapped})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	var batch kv.Batch
	batch.Set([]byte("key"), make([]byte, 100))
	for _, mode := range []struct {
		name string
		view func() kv.Engine
	}{
		{"off", func() kv.Engine { return db }},
		{"on", func() kv.Engine { return db.Traced(new(kv.Trace)) }},
	} {
		b.Run("apply/"+mode.name, func(b *testing.B) {
			for b.Loop() {
				if err := mode.view().Apply(&batch, kv.Buffered); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("get/"+mode.name, func(b *testing.B) {
			var value []byte
			for b.Loop() {
				if value, err = mode.view().Get(value[:0], []byte("key")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

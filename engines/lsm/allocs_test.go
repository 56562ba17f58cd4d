package lsm

import (
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/wal"
)

// TestAllocations: a write and a point read take no memory of the Go heap each time.
func TestAllocations(t *testing.T) {
	for _, write := range []wal.WriteMethod{wal.Positioned, wal.Mapped} {
		db, err := Open(t.TempDir(), Options{WALWrite: write})
		if err != nil {
			t.Fatal(err)
		}
		var b kv.Batch
		key, value := []byte("key"), make([]byte, 100)
		for d := kv.Volatile; d <= kv.Buffered; d++ {
			if n := testing.AllocsPerRun(1000, func() {
				b.Reset()
				b.Set(key, value)
				if err := db.Apply(&b, d); err != nil {
					t.Error(err)
				}
			}); n >= 1 {
				t.Errorf("%v, %v: a write makes %v allocations", write, d, n)
			}
		}
		if n := testing.AllocsPerRun(1000, func() {
			if value, err = db.Get(value[:0], key); err != nil {
				t.Error(err)
			}
		}); n >= 1 {
			t.Errorf("%v: a read makes %v allocations", write, n)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

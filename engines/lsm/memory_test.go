package lsm

import (
	"fmt"
	"testing"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/memtable/variants"
	"lsmlab/engines/vfs"
)

// TestMemTableMemory checks when the memory of a flushed MemTable goes back:
// not while an iterator may read it, and no later than when that is closed. It
// looks at the arena's own count of bytes taken.
func TestMemTableMemory(t *testing.T) {
	for _, v := range variants.All() {
		t.Run(v.Name, func(t *testing.T) {
			before := arena.Held()
			db, err := Open("db", Options{FS: vfs.NewMem(), MemTable: v.New})
			if err != nil {
				t.Fatal(err)
			}
			fill := func() {
				var b kv.Batch
				for i := range 1000 {
					b.Set(fmt.Appendf(nil, "key%06d", i), make([]byte, 5000))
				}
				if err := db.Apply(&b, kv.Volatile); err != nil {
					t.Fatal(err)
				}
			}
			fill()
			full := arena.Held()
			it := db.Scan(nil, nil)
			if err := db.Flush(); err != nil {
				t.Fatal(err)
			}
			if err := db.Settle(); err != nil { // the flusher has let go of the old state
				t.Fatal(err)
			}
			if held := arena.Held(); held < full {
				t.Errorf("%d bytes held while an iterator reads the flushed table, want %d", held, full)
			}
			n := 0
			for it.Next() {
				n++
			}
			if n != 1000 {
				t.Errorf("%d entries, want 1000", n)
			}
			if err := it.Close(); err != nil {
				t.Error(err)
			}
			if held := arena.Held(); held >= full {
				t.Errorf("%d bytes held after the last reader of the flushed table, want less than %d", held, full)
			}
			fill()
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			if held := arena.Held(); held != before {
				t.Errorf("%d bytes held after Close, want %d", held, before)
			}
		})
	}
}

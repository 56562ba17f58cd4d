package lsm

import (
	"errors"
	"fmt"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// TestOpening ends the opening of a store with tables and a log at each time it tells
// of its progress. Open returns that error and changes nothing; when nobody ends it,
// what was told rises up to all, and the store is there.
func TestOpening(t *testing.T) {
	mem := vfs.NewMem()
	o := Options{FS: mem, WALSegmentSize: 1 << 20, LogSecret: 1}
	db, err := Open("/db", o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		var b kv.Batch
		b.Set(fmt.Appendf(nil, "key%d", i), make([]byte, 1000))
		if err := db.Apply(&b, kv.Buffered); err != nil {
			t.Fatal(err)
		}
		if i == 100 {
			if err := db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, enough := mem.Fingerprint(), errors.New("enough")
	var told []kv.OpenProgress
	for at := 0; ; at++ {
		told = told[:0]
		o.Opening = func(p kv.OpenProgress) error {
			if told = append(told, p); len(told) > at {
				return enough
			}
			return nil
		}
		db, err := Open("/db", o)
		if err == nil {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			break
		}
		if !errors.Is(err, enough) || mem.Fingerprint() != before {
			t.Fatalf("ended at %+v: %v; files changed: %v", told[at], err, mem.Fingerprint() != before)
		}
	}
	steps := map[string]int{}
	for i, p := range told {
		steps[p.Step]++
		if p.Done > p.Total || i > 0 && p.Step == told[i-1].Step && p.Done <= told[i-1].Done {
			t.Errorf("progress %+v after %+v", p, told[max(i-1, 0)])
		}
	}
	if steps["tables"] != 1 || steps["log"] < 3 {
		t.Errorf("told %v, want one table and at least 3 MiB of log", steps)
	}
}

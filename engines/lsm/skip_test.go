package lsm

import (
	"fmt"
	"slices"
	"testing"

	"lsmlab/engines/kv"
)

// TestManyVersions scans over keys of far more versions than an iterator steps
// over: it must seek past them, whether they are older than what it shows, newer
// than its snapshot, or under a tombstone.
func TestManyVersions(t *testing.T) {
	db, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	write := func(from, to int, deleted string) {
		t.Helper()
		for i := from; i < to; i++ {
			var b kv.Batch
			for _, key := range []string{"a", "b", "c"} {
				if key == deleted {
					b.Delete([]byte(key))
				} else {
					b.Set([]byte(key), fmt.Append(nil, i))
				}
			}
			if err := db.Apply(&b, kv.Buffered); err != nil {
				t.Fatal(err)
			}
		}
	}
	scan := func(r kv.Reader, want ...string) {
		t.Helper()
		var got []string
		it := r.Scan(nil, nil)
		for it.Next() {
			got = append(got, fmt.Sprintf("%s=%s", it.Key(), it.Value()))
		}
		if err := it.Close(); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
		got = got[:0]
		back := r.(kv.ReverseScanner).ScanReverse(nil, nil)
		for back.Prev() {
			got = append(got, fmt.Sprintf("%s=%s", back.Key(), back.Value()))
		}
		slices.Reverse(got)
		if err := back.Close(); err != nil || !slices.Equal(got, want) {
			t.Errorf("downwards: %v, %v, want %v", got, err, want)
		}
	}
	write(0, 10*mostSkips, "")
	before, err := db.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	write(100, 100+10*mostSkips, "b")
	last := 10*mostSkips - 1
	for range 2 { // in a MemTable and in tables
		scan(before, fmt.Sprint("a=", last), fmt.Sprint("b=", last), fmt.Sprint("c=", last))
		scan(db, fmt.Sprint("a=", 100+last), fmt.Sprint("c=", 100+last))
		if err := db.Flush(); err != nil {
			t.Fatal(err)
		}
	}
}

package lsm

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

var update = flag.Bool("update", false, "write the golden files again")

// writeGolden writes the history that the stored databases hold: tables in two
// levels, overwritten and deleted keys, and later writes in the WAL alone.
func writeGolden(db *DB) error {
	write := func(from, to int, value string) error {
		var b kv.Batch
		for i := from; i < to; i++ {
			b.Set(fmt.Appendf(nil, "key%03d", i), fmt.Appendf(nil, "%s of %d", value, i))
		}
		return db.Apply(&b, kv.Synced)
	}
	var b kv.Batch
	b.Delete([]byte("key050"))
	b.Set(nil, []byte("the empty key"))
	b.Set([]byte("empty value"), nil)
	for _, step := range []func() error{
		func() error { return write(0, 100, "first") },
		db.Compact,
		func() error { return write(40, 60, "second") },
		func() error { return db.Apply(&b, kv.Synced) },
		db.Flush,
		func() error { return write(90, 110, "third") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// TestGoldenStore opens the stored databases and reads all of them, also a second
// time. A change of any format that breaks old stores fails here. Only the newest one is
// ever written again: testdata/v1 is of the first version of each format, and v2 has no floor.
func TestGoldenStore(t *testing.T) {
	const newest = "v3"
	small := Options{WALSegmentSize: 8 << 10}
	if *update {
		golden := filepath.Join("testdata", newest)
		if err := os.RemoveAll(golden); err != nil {
			t.Fatal(err)
		}
		db, err := Open(golden, Options{WALSegmentSize: 8 << 10, LogSecret: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := writeGolden(db); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(golden, lockName)); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range []string{"v1", "v2", newest} {
		t.Run(version, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), version)
			if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", version))); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				db, err := Open(dir, small)
				if err != nil {
					t.Fatal(err)
				}
				checkGolden(t, db)
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}
			if r, err := Verify(vfs.OS, dir); err != nil || len(r.Findings) > 0 {
				t.Errorf("verify: %v, %v", r.Findings, err)
			}
		})
	}
}

// checkGolden compares db with what writeGolden wrote.
func checkGolden(t *testing.T, db *DB) {
	if err := db.Verify(); err != nil {
		t.Error(err)
	}
	want := map[string]string{"": "the empty key", "empty value": ""}
	for i := range 110 {
		value := "first"
		switch {
		case i == 50:
			continue
		case i >= 90:
			value = "third"
		case i >= 40 && i < 60:
			value = "second"
		}
		want[fmt.Sprintf("key%03d", i)] = fmt.Sprintf("%s of %d", value, i)
	}
	it := db.Scan(nil, nil)
	for it.Next() {
		if v, ok := want[string(it.Key())]; !ok || v != string(it.Value()) {
			t.Errorf("%q has %q, want %q (%v)", it.Key(), it.Value(), v, ok)
		}
		delete(want, string(it.Key()))
	}
	if err := it.Close(); err != nil || len(want) > 0 {
		t.Errorf("%d keys missing, %v", len(want), err)
	}
}

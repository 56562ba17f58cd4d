package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/harness"
)

// TestVerify damages a real store in every way that the command tells apart.
func TestVerify(t *testing.T) {
	verify := func(args ...string) (int, string) {
		var out bytes.Buffer
		status := run(context.Background(), harness.Catalog{}, append([]string{"verify"}, args...), strings.NewReader(""), &out, &out)
		return status, out.String()
	}
	store := func(t *testing.T) (string, *lsm.DB) {
		dir := t.TempDir()
		db, err := lsm.Open(dir, lsm.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2000 {
			var b kv.Batch
			b.Set(fmt.Appendf(nil, "key%06d", i), make([]byte, 100))
			if err := db.Apply(&b, kv.Buffered); err != nil {
				t.Fatal(err)
			}
			if i == 1500 {
				if err := db.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		return dir, db
	}
	flip := func(t *testing.T, pattern string, at int64) {
		t.Helper()
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v, %v", pattern, names, err)
		}
		data, err := os.ReadFile(names[0])
		if err != nil {
			t.Fatal(err)
		}
		data[at] ^= 0x40
		if err := os.WriteFile(names[0], data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name   string
		damage func(t *testing.T, dir string)
		status int
		want   string
	}{
		{"sound", func(*testing.T, string) {}, 0, "sound"},
		{"table", func(t *testing.T, dir string) { flip(t, dir+"/*.sst", 9000) }, 1, ".sst"},
		{"WAL", func(t *testing.T, dir string) { flip(t, dir+"/*.wal", 250_000) }, 1, ".wal"},
		{"manifest", func(t *testing.T, dir string) { flip(t, dir+"/MANIFEST-*", 20) }, 1, "MANIFEST"},
		{"missing table", func(t *testing.T, dir string) {
			names, _ := filepath.Glob(dir + "/*.sst")
			if err := os.Remove(names[0]); err != nil {
				t.Fatal(err)
			}
		}, 1, "missing"},
		{"orphan", func(t *testing.T, dir string) {
			if err := os.WriteFile(dir+"/999999.sst", []byte("half"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, 0, "orphan"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir, db := store(t)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			tc.damage(t, dir)
			for range 2 { // it changes nothing
				if status, out := verify(dir); status != tc.status || !strings.Contains(out, tc.want) {
					t.Errorf("status %d, want %d with %q:\n%s", status, tc.status, tc.want, out)
				}
			}
		})
	}
	t.Run("in use", func(t *testing.T) {
		dir, db := store(t)
		defer db.Close()
		if status, out := verify(dir); status != 2 || !strings.Contains(out, "in use by process") {
			t.Errorf("status %d: %s", status, out)
		}
	})
	t.Run("no store", func(t *testing.T) {
		if status, out := verify(t.TempDir()); status != 2 || !strings.Contains(out, "holds no store") {
			t.Errorf("status %d: %s", status, out)
		}
		if status, _ := verify(); status != 2 {
			t.Errorf("status %d without a directory", status)
		}
	})
}

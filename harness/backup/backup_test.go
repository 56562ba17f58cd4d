package backup_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/harness/backup"
)

// opener returns what opens the store in dir.
func opener(dir string) func() (kv.Engine, error) {
	return func() (kv.Engine, error) { return lsm.Open(dir, lsm.Options{}) }
}

// newBackup returns a backup of a store with n entries.
func newBackup(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	store, copied := filepath.Join(dir, "store"), filepath.Join(dir, "backup")
	db, err := opener(store)()
	if err != nil {
		t.Fatal(err)
	}
	var b kv.Batch
	for i := range n {
		b.Set(fmt.Append(nil, i), []byte("value"))
	}
	if err := errors.Join(db.Apply(&b, kv.Buffered), db.Close(), backup.Make(opener(store), copied)); err != nil {
		t.Fatal(err)
	}
	return copied
}

// wantEntries checks a store by all means, and counts.
func wantEntries(want int) func(dir string) error {
	return func(dir string) error {
		if err := backup.CheckStore(opener(dir)); err != nil {
			return err
		}
		db, err := opener(dir)()
		if err != nil {
			return err
		}
		it, n := db.Scan(nil, nil), 0
		for ok := it.First(); ok; ok = it.Next() {
			n++
		}
		if n != want {
			err = fmt.Errorf("%d entries, want %d", n, want)
		}
		return errors.Join(err, it.Close(), db.Close())
	}
}

// TestRestore: what is brought back is the store, writes to it are none of the backup,
// and it can be brought back again.
func TestRestore(t *testing.T) {
	from, to := newBackup(t, 1000), t.TempDir()
	for i := range 2 {
		dir := filepath.Join(to, fmt.Sprint(i))
		if err := backup.Restore(t.Context(), from, dir, wantEntries(1000)); err != nil {
			t.Fatal(err)
		}
		db, err := lsm.Open(dir, lsm.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var b kv.Batch
		b.Set([]byte("more"), nil)
		if err := errors.Join(db.Apply(&b, kv.Synced), db.Compact(), db.Close()); err != nil {
			t.Fatal(err)
		}
		if err := wantEntries(1001)(dir); err != nil {
			t.Error(err)
		}
	}
}

// TestRestoreFails: of a restore that fails nothing is left, and nothing is overwritten.
func TestRestoreFails(t *testing.T) {
	from, to := newBackup(t, 10), t.TempDir()
	bad := errors.New("bad")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	there := filepath.Join(to, "there")
	if err := os.WriteFile(there, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	fine := func(string) error { return nil }
	for _, tc := range []struct {
		ctx      context.Context
		from, to string
		check    func(string) error
		want     error
	}{
		{t.Context(), from, "a", func(string) error { return bad }, bad},
		{canceled, from, "a", fine, context.Canceled},
		{t.Context(), filepath.Join(to, "none"), "a", fine, fs.ErrNotExist},
		{t.Context(), from, "there", fine, fs.ErrExist},
		{t.Context(), from, "none/a", fine, fs.ErrNotExist},
	} {
		if err := backup.Restore(tc.ctx, tc.from, filepath.Join(to, tc.to), tc.check); !errors.Is(err, tc.want) {
			t.Errorf("%s to %s: %v, want %v", tc.from, tc.to, err, tc.want)
		}
	}
	if err := backup.Restore(t.Context(), there, filepath.Join(to, "a"), fine); err == nil || !strings.Contains(err.Error(), "no directory") {
		t.Errorf("a file as a backup: %v", err)
	}
	left, err := os.ReadDir(to)
	if err != nil || len(left) != 1 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// TestCheckFindsDamage: a byte of a table that changed is found.
func TestCheckFindsDamage(t *testing.T) {
	from := newBackup(t, 1000)
	tables, err := filepath.Glob(filepath.Join(from, "*.sst"))
	if err != nil || len(tables) != 1 {
		t.Fatalf("%v, %v", tables, err)
	}
	content, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/3] ^= 1
	if err := os.WriteFile(tables[0], content, 0o644); err != nil {
		t.Fatal(err)
	}
	err = backup.Restore(t.Context(), from, filepath.Join(t.TempDir(), "a"), wantEntries(1000))
	if !errors.Is(err, kv.ErrCorrupt) {
		t.Errorf("%v, want damage", err)
	}
}

package lsm

import (
	"errors"
	"path"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/manifest"
	"lsmlab/engines/vfs"
)

// TestManifestOfEarlierOpening puts back the manifest of an earlier opening, as a backup
// that is copied over a store does, while a segment of the next opening is still there.
// That is damage, also where the LSNs would fit: the segment's writes are of another
// history, and its number would be given again.
func TestManifestOfEarlierOpening(t *testing.T) {
	fs := vfs.NewMem()
	o := Options{FS: fs}.Small()
	k := newKeeper(t, o)
	k.mustWrite()
	current := content(t, fs, manifest.CurrentName)
	name := manifest.FileName(k.db.edits.log.FileNum())
	backup := content(t, fs, name)
	k.must(k.db.Close())
	k.open()
	k.mustWrite()
	fs = fs.CrashClone(vfs.CrashOptions{ProcessCrash: true})
	k.must(k.db.Close())
	put(t, fs, name, backup)
	put(t, fs, manifest.CurrentName, current)
	if r, err := Verify(fs, "db"); err != nil || len(r.Findings) == 0 {
		t.Errorf("verify: %+v, %v", r, err)
	}
	o.FS = fs
	if db, err := Open("db", o); !errors.Is(err, kv.ErrCorrupt) {
		t.Errorf("open: %v, want %v", err, kv.ErrCorrupt)
		if err == nil {
			k.must(db.Close())
		}
	}
}

func content(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(path.Join("db", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, fs vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.Create(path.Join("db", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

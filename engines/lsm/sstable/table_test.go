package sstable

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

func TestSmoke(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	model := randomModel(rng, 3000)
	name := filepath.Join(t.TempDir(), "t")
	for _, c := range []Compression{None, Zstd} {
		p := writeTable(t, vfs.OS, name, WriterOptions{Compression: c}, model)
		t.Logf("%+v", p)
		for _, m := range []Mode{Mapped, Positioned} {
			r := openTable(t, vfs.OS, name, ReaderOptions{Mode: m})
			if err := r.Verify(); err != nil {
				t.Fatal(err)
			}
			it := r.NewIterator()
			n := 0
			for ok := it.First(); ok; ok = it.Next() {
				if ikey.Compare(it.Key(), model[n].key) != 0 || !bytes.Equal(it.Value(), model[n].value) {
					t.Fatalf("entry %d: %v, want %v", n, it.Key(), model[n].key)
				}
				n++
			}
			if err := it.Close(); err != nil || n != len(model) {
				t.Fatal(n, err)
			}
			for _, e := range model {
				v, kind, ok, err := r.Get(nil, e.key.User, e.key.Trailer.Seq())
				if !ok || err != nil || kind != e.key.Trailer.Kind() || !bytes.Equal(v, e.value) {
					t.Fatal(e, ok, err)
				}
				if !it.SeekGE(e.key) || ikey.Compare(it.Key(), e.key) != 0 || !bytes.Equal(it.Value(), e.value) {
					t.Fatal(e, it.Key())
				}
			}
		}
	}
}

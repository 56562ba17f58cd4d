package lsm

import (
	"fmt"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// TestVerifyChain: the files of a sound store hold every LSN up to the last, and
// a damaged table is named with its damage while the others still count.
func TestVerifyChain(t *testing.T) {
	o := Options{FS: vfs.NewMem()}.Small()
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		var b kv.Batch
		b.Set(fmt.Appendf(nil, "key%04d", i), make([]byte, 50))
		if err := db.Apply(&b, kv.Buffered); err != nil {
			t.Fatal(err)
		}
		if i == 1000 || i == 2000 {
			if err := db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Verify(o.FS, "db")
	if err != nil {
		t.Fatal(err)
	}
	held := make([]bool, r.LastSeq+1)
	tables, segments := 0, 0
	damaged := ""
	for _, l := range r.Chain {
		for seq := l.First; seq <= l.Last && seq > 0; seq++ {
			held[seq] = true
		}
		if l.Damage != "" {
			t.Errorf("%s: %s", l.File, l.Damage)
		}
		if l.Level < 0 {
			segments++
			continue
		}
		tables++
		damaged = l.File
	}
	for seq := 1; seq < len(held); seq++ {
		if !held[seq] {
			t.Fatalf("no file of %+v holds LSN %d of %d", r.Chain, seq, r.LastSeq)
		}
	}
	if tables != r.Tables || tables < 2 || segments == 0 {
		t.Errorf("%d tables and %d segments in the chain; want %d, at least 2, and 1", tables, segments, r.Tables)
	}

	f, err := o.FS.OpenReadWrite("db/" + damaged)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("damage"), 100); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err = Verify(o.FS, "db"); err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Chain {
		if (l.Damage != "") != (l.File == damaged) {
			t.Errorf("%s, after damage to %s: %q", l.File, damaged, l.Damage)
		}
	}
}

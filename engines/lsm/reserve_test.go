package lsm

import (
	"path"
	"testing"

	"lsmlab/engines/vfs"
)

// TestReserve: a store without tables has no reserve, one with tables has, of its size,
// also after it was opened again; who wants none gets rid of it.
func TestReserve(t *testing.T) {
	o := Options{Reserve: true}.Small()
	o.FS = vfs.NewMem()
	k := newKeeper(t, o)
	size := func() int64 {
		n, err := o.FS.Stat(path.Join("db", reserveName))
		if err != nil {
			return -1
		}
		return n
	}
	k.mustWrite()
	k.must(k.db.Settle())
	if n := size(); n != -1 {
		t.Errorf("a store without tables has a reserve of %d bytes", n)
	}
	k.must(k.db.Flush())
	k.must(k.db.Settle())
	want := k.db.reserveSize()
	if n := size(); n != want || want <= o.MemTableSize {
		t.Errorf("the reserve has %d bytes, want %d", n, want)
	}
	k.reopen()
	if n := size(); n != want {
		t.Errorf("opened again the reserve has %d bytes, want %d", n, want)
	}
	k.o.MemTableSize *= 2
	k.reopen()
	if n := size(); n <= want || n != k.db.reserveSize() {
		t.Errorf("the reserve has %d bytes, want %d", n, k.db.reserveSize())
	}
	k.o.Reserve = false
	k.reopen()
	if n := size(); n != -1 {
		t.Errorf("a reserve of %d bytes that nobody wants", n)
	}
	k.must(k.db.Close())
}

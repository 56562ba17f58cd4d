package sstable

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// forgetful is a mapping that notes what is let go.
type forgetful struct {
	bytesMapping
	parts [][2]int64
}

func (m *forgetful) Forget(from, to int64) { m.parts = append(m.parts, [2]int64{from, to}) }

type forgetfulFile struct {
	bytesFile
	mapping forgetful
}

func (f *forgetfulFile) Map() (vfs.Mapping, error) { return &f.mapping, nil }

// TestReadOnce: a walk that reads once finds every entry, and lets go of all
// blocks from where it began, once each and never the one that it stands in.
func TestReadOnce(t *testing.T) {
	var model []kvs
	for i := range 4000 {
		model = append(model, set(fmt.Sprintf("key%06d", i), ikey.Seq(i+1), strings.Repeat("v", 1000)))
	}
	data := tableBytes(t, WriterOptions{}, model)
	for _, from := range []int{0, 1700} {
		f := &forgetfulFile{bytesFile: bytesFile{data: data}, mapping: forgetful{bytesMapping: data}}
		r, err := Open(f, "t", ReaderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var it Iter
		r.InitIter(&it)
		it.ReadOnce()
		i := from
		for ok := it.SeekGE(model[from].key); ok; ok = it.Next() {
			if ikey.Compare(it.Key(), model[i].key) != 0 || !bytes.Equal(it.Value(), model[i].value) {
				t.Fatalf("entry %d is %v", i, it.Key())
			}
			start, _ := r.index.bounds(it.block)
			if n := len(f.mapping.parts); n > 0 && uint64(f.mapping.parts[n-1][1]) > start {
				t.Fatalf("entry %d in the block at %d: %v is let go", i, start, f.mapping.parts[n-1])
			}
			i++
		}
		if err := it.Close(); err != nil || i != len(model) {
			t.Fatalf("%d entries of %d, %v", i, len(model), err)
		}
		parts := f.mapping.parts
		first, _ := r.index.bounds(r.index.find(model[from].key.User, model[from].key.Trailer))
		whole := len(parts) > 1 && parts[0][0] == int64(first) && parts[len(parts)-1][1] == int64(r.layout.index.offset)
		for n := range parts[1:] {
			whole = whole && parts[n][1] == parts[n+1][0]
		}
		if !whole {
			t.Errorf("from entry %d, blocks at %d to %d: %v are let go", from, first, r.layout.index.offset, parts)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

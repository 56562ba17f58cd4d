package sstable

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// checkReverse compares reverse walks, from the end and from around entries, with the
// model: with an iterator that keeps whole runs, and with ones that keep few keys.
func checkReverse(t *testing.T, r *Reader, model []kvs) {
	t.Helper()
	var it ReverseIter
	for _, most := range []int{mostKeys, 0, 100} {
		r.InitReverse(&it)
		it.most = most
		if n := len(model); n > 200 && most != mostKeys { // for each entry, a run is decoded from its start
			checkBack(t, &it, model, model[n/2].key, 100)
			continue
		}
		checkBack(t, &it, model, ikey.End(), len(model)+1)
		step := max(1, len(model)/40)
		for i := 0; i < len(model); i += step {
			for _, k := range around(model[i].key) {
				checkBack(t, &it, model, k, 10)
			}
		}
		if err := it.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// checkBack seeks and walks up to the given number of entries downwards.
func checkBack(t *testing.T, it *ReverseIter, model []kvs, k ikey.Key, entries int) {
	t.Helper()
	i := lowerBound(model, k)
	ok := it.SeekLT(k)
	kept := map[int][]byte{}
	defer func() {
		for i, value := range kept {
			if !bytes.Equal(value, model[i].value) {
				t.Errorf("the value of entry %d changed while the iterator went on: %.40q, want %v", i, value, model[i])
			}
		}
	}()
	for ; entries > 0; entries-- {
		if ok != (i > 0) {
			t.Fatalf("from %.40q: on an entry: %v, want the entry before %d of %d: %v", k.User, ok, i, len(model), it.err)
		}
		if !ok {
			return
		}
		i--
		if got := it.Key(); ikey.Compare(got, model[i].key) != 0 || !bytes.Equal(it.Value(), model[i].value) {
			t.Fatalf("entry %d: %v, want %v", i, kvs{got, it.Value()}, model[i])
		}
		kept[i] = it.Value()
		ok = it.Prev()
	}
}

// readAllBack is readAll by a reverse iterator.
func readAllBack(r *Reader) (string, error) {
	var entries []string
	var it ReverseIter
	r.InitReverse(&it)
	for ok := it.SeekLT(ikey.End()); ok; ok = it.Prev() {
		entries = append(entries, entryText(it.Key(), it.Value()))
	}
	slices.Reverse(entries)
	return fmt.Sprint(entries), it.Close()
}

// TestReverseEnds: an iterator that met damage stays at its end, and a used one is ready
// for another table.
func TestReverseEnds(t *testing.T) {
	model := values(200, 100)
	data := tableBytes(t, WriterOptions{}, model)
	data[pageSize+blockHeaderSize] ^= 1 // in block 0
	damaged, err := Open(&bytesFile{data: data}, "t", ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var it ReverseIter
	damaged.InitReverse(&it)
	n := 0
	for ok := it.SeekLT(ikey.End()); ok; ok = it.Prev() {
		n++
	}
	if n == 0 || n == len(model) {
		t.Errorf("walked over %d entries of %d, of which block 0 is damaged", n, len(model))
	}
	if it.Prev() || it.SeekLT(ikey.End()) {
		t.Error("moves after an error")
	}
	if err := it.Close(); !errors.Is(err, kv.ErrCorrupt) {
		t.Errorf("error %v, want one of damage", err)
	}
	fs := vfs.NewMem()
	writeTable(t, fs, "u", WriterOptions{}, model)
	sound := openTable(t, fs, "u", ReaderOptions{})
	sound.InitReverse(&it)
	checkBack(t, &it, model, ikey.End(), len(model)+1)
	if err := errors.Join(it.Close(), damaged.Close()); err != nil {
		t.Error(err)
	}
}

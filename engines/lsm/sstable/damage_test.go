package sstable

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// smallModel is a table of two or three blocks.
func smallModel() []kvs { return randomModel(rand.New(rand.NewPCG(5, 5)), 50) }

// inspect opens a table in both modes and reads it in every way. It returns all
// entries, or an error: the first one of opening or walking.
func inspect(tb testing.TB, data []byte, keys []ikey.Key) (all [2]string, errs [2]error) {
	tb.Helper()
	for m := range all {
		r, err := Open(&bytesFile{data: data}, "t", ReaderOptions{Mode: Mode(m)})
		if err != nil {
			errs[m] = err
			continue
		}
		all[m], errs[m] = readAll(r)
		back, err := readAllBack(r)
		errs[m] = errors.Join(errs[m], err)
		if r.Verify() == nil && back != all[m] {
			tb.Fatalf("a sound table reads %.200q downwards, and %.200q upwards", back, all[m])
		}
		it := newIterator(r)
		var down ReverseIter
		r.InitReverse(&down)
		for _, k := range keys {
			r.MayContain(Hash(k.User))
			if _, _, _, err := r.Get(nil, k.User, min(k.Trailer.Seq(), ikey.MaxSeq)); err != nil {
				errs[m] = errors.Join(errs[m], err)
			}
			it.SeekGE(k)
			down.SeekLT(k)
		}
		errs[m] = errors.Join(errs[m], it.Close(), down.Close())
		if err := r.Verify(); err == nil && errs[m] != nil {
			tb.Fatalf("Verify finds nothing, reading: %v", errs[m])
		} else if err != nil && !errors.Is(err, kv.ErrCorrupt) {
			tb.Fatalf("Verify: %v", err)
		} else if err != nil && errs[m] == nil {
			errs[m] = fmt.Errorf("only Verify: %w", err)
		}
		if err := r.Close(); err != nil {
			tb.Fatal(err)
		}
	}
	return all, errs
}

// TestEveryBitFlip flips every bit of a small table. Reading must give the same
// entries or an error wrapping kv.ErrCorrupt, and Verify must find every flip:
// no byte of the file is without meaning.
func TestEveryBitFlip(t *testing.T) {
	for _, c := range []Compression{None, Zstd} {
		data := tableBytes(t, WriterOptions{Compression: c}, smallModel())
		want, errs := inspect(t, data, nil)
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		step := 1
		if testing.Short() {
			step = 37
		}
		for bit := 0; bit < 8*len(data); bit += step {
			data[bit/8] ^= 1 << (bit % 8)
			_, errs := inspect(t, data, nil)
			for m, err := range errs {
				if !errors.Is(err, kv.ErrCorrupt) {
					t.Fatalf("%v, mode %d, bit %d of byte %d: error %v", c, m, bit%8, bit/8, err)
				}
			}
			data[bit/8] ^= 1 << (bit % 8)
		}
		if again, _ := inspect(t, data, nil); again != want {
			t.Fatal("the test changed the table")
		}
	}
}

// TestEveryTruncation cuts a small table at every byte.
func TestEveryTruncation(t *testing.T) {
	data := tableBytes(t, WriterOptions{}, smallModel())
	for n := range data {
		for m := range 2 {
			_, err := Open(&bytesFile{data: data[:n:n]}, "t", ReaderOptions{Mode: Mode(m)})
			if !errors.Is(err, kv.ErrCorrupt) {
				t.Fatalf("mode %d, %d of %d bytes: %v", m, n, len(data), err)
			}
		}
	}
	if _, err := Open(&bytesFile{data: append(data, 0)}, "t", ReaderOptions{}); !errors.Is(err, kv.ErrCorrupt) {
		t.Fatalf("a byte too many: %v", err)
	}
}

// TestBlockInWrongPlace swaps two blocks whose checksums hold, as a device does
// that mixes up its addresses.
func TestBlockInWrongPlace(t *testing.T) {
	data := tableBytes(t, WriterOptions{}, values(100, 100))
	a, b := data[pageSize:2*pageSize], data[2*pageSize:3*pageSize]
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
	_, errs := inspect(t, data, nil)
	for _, err := range errs {
		if !errors.Is(err, kv.ErrCorrupt) {
			t.Fatal(err)
		}
	}
}

// TestFaults cuts a mapped file under its reader: every method must report an
// error, and the process must live on. Cut to the first block, so that index and
// filter are gone too.
func TestFaults(t *testing.T) {
	model := values(20000, 100)
	for _, c := range []Compression{None, Zstd} {
		name := filepath.Join(t.TempDir(), "t")
		writeTable(t, vfs.OS, name, WriterOptions{Compression: c}, model)
		r := openTable(t, vfs.OS, name, ReaderOptions{})
		it := newIterator(r)
		if !it.First() {
			t.Fatal(it.Close())
		}
		if err := os.Truncate(name, 2*pageSize); err != nil {
			t.Fatal(err)
		}
		for it.Next() {
		}
		if err := it.Close(); !errors.Is(err, kv.ErrCorrupt) {
			t.Errorf("walk: %v", err)
		}
		last := model[len(model)-1].key
		if _, _, _, err := r.Get(nil, last.User, ikey.MaxSeq); !errors.Is(err, kv.ErrCorrupt) {
			t.Errorf("Get: %v", err)
		}
		if !r.MayContain(Hash([]byte("x"))) {
			t.Error("a filter that is gone must say maybe")
		}
		it = newIterator(r)
		if it.SeekGE(last) || !errors.Is(it.Close(), kv.ErrCorrupt) {
			t.Errorf("SeekGE: %v", it.Close())
		}
		if err := r.Verify(); !errors.Is(err, kv.ErrCorrupt) {
			t.Errorf("Verify: %v", err)
		}
	}
}

// TestReadErrors makes the device fail in Positioned mode.
func TestReadErrors(t *testing.T) {
	fs := vfs.NewMem()
	writeTable(t, fs, "t", WriterOptions{}, values(1000, 100))
	f, err := fs.Open("t")
	if err != nil {
		t.Fatal(err)
	}
	broken := &failingReads{File: f}
	r, err := Open(broken, "t", ReaderOptions{Mode: Positioned})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	broken.fail = true
	if _, _, _, err := r.Get(nil, []byte("key00007"), ikey.MaxSeq); !errors.Is(err, errDisk) {
		t.Errorf("Get: %v", err)
	}
	it := newIterator(r)
	if it.First() || !errors.Is(it.Close(), errDisk) {
		t.Errorf("First: %v", it.Close())
	}
	if err := r.Verify(); !errors.Is(err, errDisk) {
		t.Errorf("Verify: %v", err)
	}
}

type failingReads struct {
	vfs.File
	fail bool
}

func (f *failingReads) ReadAt(p []byte, offset int64) (int, error) {
	if f.fail {
		return 0, errDisk
	}
	return f.File.ReadAt(p, offset)
}

package sstable

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// kvs is one entry of a table under test; a sorted slice of them is the model.
type kvs struct {
	key   ikey.Key
	value []byte
}

func (e kvs) String() string { return fmt.Sprintf("%v=%.20q(%d)", e.key, e.value, len(e.value)) }

func set(user string, seq ikey.Seq, value string) kvs {
	return kvs{ikey.New([]byte(user), seq, ikey.Set), []byte(value)}
}

func del(user string, seq ikey.Seq) kvs {
	return kvs{ikey.New([]byte(user), seq, ikey.Delete), nil}
}

func sortModel(model []kvs) []kvs {
	slices.SortFunc(model, func(a, b kvs) int { return ikey.Compare(a.key, b.key) })
	return slices.CompactFunc(model, func(a, b kvs) bool {
		return bytes.Equal(a.key.User, b.key.User) && a.key.Trailer.Seq() == b.key.Trailer.Seq()
	})
}

// randomModel returns about n sorted entries. Keys come from a small alphabet
// and share prefixes, so that versions, ties and long common parts are frequent.
func randomModel(rng *rand.Rand, n int) []kvs {
	model := make([]kvs, 0, n)
	seq := ikey.Seq(rng.Uint64N(1 << 40))
	for len(model) < n {
		user := make([]byte, rng.IntN(40))
		for i := range user {
			user[i] = "\x00ab\xff"[rng.IntN(4)]
		}
		if rng.IntN(3) == 0 {
			user = append([]byte("a common prefix of some length/"), user...)
		}
		for range 1 + rng.IntN(1+rng.IntN(5)*rng.IntN(20)) {
			seq += ikey.Seq(1 + rng.IntN(300))
			if rng.IntN(4) == 0 {
				model = append(model, kvs{ikey.New(user, seq, ikey.Delete), nil})
				continue
			}
			value := make([]byte, rng.IntN(1+rng.IntN(300)))
			for i := range value {
				value[i] = byte(rng.IntN(3))
			}
			model = append(model, kvs{ikey.New(user, seq, ikey.Set), value})
		}
	}
	return sortModel(model)
}

// writeTable writes the model and returns its properties.
func writeTable(tb testing.TB, fs vfs.FS, name string, o WriterOptions, model []kvs) Properties {
	tb.Helper()
	f, err := fs.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	w := NewWriter(f, name, o)
	for _, e := range model {
		if err := w.Add(e.key, e.value); err != nil {
			tb.Fatal(err)
		}
	}
	p, err := w.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return p
}

func openTable(tb testing.TB, fs vfs.FS, name string, o ReaderOptions) *Reader {
	tb.Helper()
	f, err := fs.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := Open(f, name, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := r.Close(); err != nil {
			tb.Error(err)
		}
	})
	return r
}

// bytesFile is a file of fixed bytes. Its mapping is the bytes themselves, so
// that a test can damage a table under its reader.
type bytesFile struct {
	vfs.File
	data []byte
}

func (f *bytesFile) Size() (int64, error) { return int64(len(f.data)), nil }
func (f *bytesFile) Close() error         { return nil }
func (f *bytesFile) Map() (vfs.Mapping, error) {
	return bytesMapping(f.data), nil
}

func (f *bytesFile) ReadAt(p []byte, offset int64) (int, error) {
	return bytes.NewReader(f.data).ReadAt(p, offset)
}

type bytesMapping []byte

func (m bytesMapping) Bytes() []byte     { return m }
func (m bytesMapping) Forget(_, _ int64) {}
func (m bytesMapping) Unmap() error      { return nil }

// tableBytes returns the file of the model.
func tableBytes(tb testing.TB, o WriterOptions, model []kvs) []byte {
	tb.Helper()
	fs := vfs.NewMem()
	writeTable(tb, fs, "t", o, model)
	f, err := fs.Open("t")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		tb.Fatal(err)
	}
	data := make([]byte, size)
	if _, err := f.ReadAt(data, 0); err != nil {
		tb.Fatal(err)
	}
	return data
}

// readAll returns all entries of a table as one string, or the first error.
func readAll(r *Reader) (string, error) {
	var entries []string
	it := newIterator(r)
	for ok := it.First(); ok; ok = it.Next() {
		entries = append(entries, entryText(it.Key(), it.Value()))
	}
	return fmt.Sprint(entries), it.Close()
}

func entryText(k ikey.Key, value []byte) string {
	return fmt.Sprintf("%d %d %d\n%s%s", len(k.User), k.Trailer, len(value), k.User, value)
}

// newIterator returns a new iterator of r.
func newIterator(r *Reader) ikey.Iterator {
	it := new(Iter)
	r.InitIter(it)
	return it
}

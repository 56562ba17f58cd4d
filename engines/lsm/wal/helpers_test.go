package wal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

const testDir = "db"

// openLog recovers the log on fs and goes on with it.
func openLog(t testing.TB, o Options, flushed ikey.Seq) (*Writer, []entry, Recovered) {
	t.Helper()
	o.Dir, o.Epoch = testDir, max(o.Epoch, 1)
	if err := o.FS.MkdirAll(testDir); err != nil {
		t.Fatal(err)
	}
	got, r, err := replay(o, flushed)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(o, r)
	if err != nil {
		t.Fatal(err)
	}
	return w, got, r
}

// replay recovers the log and returns its records.
func replay(o Options, flushed ikey.Seq) (got []entry, r Recovered, err error) {
	o.Dir, o.Epoch = testDir, max(o.Epoch, 1)
	r, err = Recover(o, flushed, func(first ikey.Seq, count int, ops []byte) error {
		got = append(got, entry{first, count, string(ops)})
		return nil
	})
	return got, r, err
}

// segmentOf is the name of the nth segment that the tests' logs make.
func segmentOf(n uint64) string { return segmentName(1<<epochBits + n) }

// next returns the next record and its offset, at the expected place or behind it.
func (s *scanner) next() (r record, at int64, ok bool) {
	at = s.off
	if r, wrong := s.here(); wrong.kind == faultNone {
		return r, at, true
	}
	return s.search()
}

// scan returns a scanner at the first record of a segment whose header is sound.
func scan(name string, b []byte) scanner {
	number, _ := parseName(name)
	l := newLayout(0, number)
	h, _ := l.parseHeader(b)
	return scanner{layout: l, data: b, off: headerSize, after: h.after}
}

// sample is a record of one operation, at seq, of about size bytes.
func sample(seq ikey.Seq, size int) entry {
	var b kv.Batch
	b.Set(fmt.Appendf(nil, "k%d", seq), bytes.Repeat([]byte{byte(seq)}, size))
	return entry{seq, b.Len(), string(b.Bytes())}
}

// fill appends n samples after LSN last.
func fill(t testing.TB, w *Writer, last ikey.Seq, n, size int) []entry {
	t.Helper()
	var all []entry
	for range n {
		last++
		e := sample(last, size)
		if err := w.Append(e.first, e.count, []byte(e.ops)); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// isPrefix says whether got is the beginning of want.
func isPrefix(got, want []entry) bool {
	return len(got) <= len(want) && equal(got, want[:len(got)])
}

func equal(a, b []entry) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// files is the content of a directory, so that a test can damage it.
type files map[string][]byte

func read(t testing.TB, fs vfs.FS) files {
	t.Helper()
	names, err := fs.List(testDir)
	if err != nil {
		t.Fatal(err)
	}
	all := files{}
	for _, name := range names {
		f, err := fs.Open(testDir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		size, err := f.Size()
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, size)
		if _, err := f.ReadAt(b, 0); err != nil && size > 0 {
			t.Fatal(err)
		}
		all[name] = b
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// disk returns a file system with the files.
func (all files) disk() *vfs.Mem {
	mem := vfs.NewMem()
	err := mem.MkdirAll(testDir)
	for name, b := range all {
		f, createErr := mem.Create(testDir + "/" + name)
		if createErr != nil {
			panic(createErr)
		}
		if len(b) > 0 {
			_, createErr = f.WriteAt(b, 0)
		}
		err = errors.Join(err, createErr, f.Close())
	}
	if err != nil {
		panic(err)
	}
	return mem
}

// with returns the files with one changed.
func (all files) with(name string, b []byte) files {
	changed := files{}
	for n, old := range all {
		changed[n] = old
	}
	changed[name] = b
	return changed
}

// without returns the files less one.
func (all files) without(name string) files {
	changed := all.with(name, nil)
	delete(changed, name)
	return changed
}

// judge recovers damaged files and demands an exact prefix of want or
// kv.ErrCorrupt, and that a second recovery agrees and changes nothing.
func (all files) judge(t *testing.T, want []entry, what string) (got []entry, err error) {
	t.Helper()
	mem := all.disk()
	got, r, err := replay(Options{FS: mem}, 0)
	if err != nil {
		if !errors.Is(err, kv.ErrCorrupt) || !strings.Contains(err.Error(), ".wal offset ") {
			t.Fatalf("%s: error %v, want kv.ErrCorrupt with file and offset", what, err)
		}
		return nil, err
	}
	if !isPrefix(got, want) {
		t.Fatalf("%s: replayed %d records that are no prefix", what, len(got))
	}
	before := mem.Fingerprint()
	again, r2, err := replay(Options{FS: mem}, 0)
	if err != nil || !equal(again, got) || r2.LastSeq != r.LastSeq || mem.Fingerprint() != before {
		t.Fatalf("%s: second recovery: %+v, %v; first: %+v", what, r2, err, r)
	}
	return got, nil
}

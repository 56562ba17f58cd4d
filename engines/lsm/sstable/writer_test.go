package sstable

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

func newTestWriter(t *testing.T, o WriterOptions) *Writer {
	f, err := vfs.NewMem().Create("t")
	if err != nil {
		t.Fatal(err)
	}
	return NewWriter(f, "t", o)
}

func TestWriterRefuses(t *testing.T) {
	for _, test := range []struct {
		name    string
		entries []kvs
		want    error
	}{
		{"nothing", nil, errEmpty},
		{"smaller user", []kvs{set("b", 1, ""), set("a", 2, "")}, errOrder},
		{"prefix after", []kvs{set("ab", 1, ""), set("a", 2, "")}, errOrder},
		{"same key", []kvs{set("a", 1, ""), set("a", 1, "")}, errOrder},
		{"empty key twice", []kvs{set("", 1, ""), set("", 1, "")}, errOrder},
		{"older after newer", []kvs{set("a", 1, ""), set("a", 2, "")}, errOrder},
		{"long key", []kvs{set(strings.Repeat("k", kv.MaxKeySize+1), 1, "")}, kv.ErrTooLarge},
		{"long value", []kvs{set("k", 1, strings.Repeat("v", kv.MaxValueSize+1))}, kv.ErrTooLarge},
		{"kind", []kvs{{ikey.New(nil, 1, 7), nil}}, kv.ErrUnsupported},
		{"tombstone with value", []kvs{{ikey.New(nil, 1, ikey.Delete), []byte("v")}}, kv.ErrUnsupported},
	} {
		w := newTestWriter(t, WriterOptions{})
		var err error
		for _, e := range test.entries {
			err = w.Add(e.key, e.value)
		}
		_, finishErr := w.Finish()
		if test.entries != nil && !errors.Is(err, test.want) || !errors.Is(finishErr, test.want) {
			t.Errorf("%s: Add %v, Finish %v, want %v", test.name, err, finishErr, test.want)
		}
	}
	w := newTestWriter(t, WriterOptions{Compression: 9})
	if err := w.Add(ikey.New(nil, 1, ikey.Set), nil); !errors.Is(err, kv.ErrUnsupported) {
		t.Errorf("compression 9: %v", err)
	}
}

func TestWriterAfterFinish(t *testing.T) {
	w := newTestWriter(t, WriterOptions{})
	if err := w.Add(ikey.New(nil, 1, ikey.Set), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("second Finish: %v", err)
	}
}

// TestSize pins that the estimate is close enough to split outputs by.
func TestSize(t *testing.T) {
	for _, c := range []Compression{None, Zstd} {
		w := newTestWriter(t, WriterOptions{Compression: c})
		for i := range 20000 {
			if err := w.Add(ikey.New(fmt.Appendf(nil, "key%08d", i), 1, ikey.Set), []byte(strings.Repeat("v", 100))); err != nil {
				t.Fatal(err)
			}
		}
		estimate := w.Size()
		p, err := w.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if ratio := float64(estimate) / float64(p.FileSize); ratio < 0.95 || ratio > 1.15 {
			t.Errorf("%v: estimate %d, size %d", c, estimate, p.FileSize)
		}
	}
}

// brokenFile fails the n-th call of WriteAt and Sync.
type brokenFile struct {
	vfs.File
	n int
}

var errDisk = fmt.Errorf("disk: %w", fs.ErrInvalid)

func (f *brokenFile) fail() error {
	if f.n--; f.n == 0 {
		return errDisk
	}
	return nil
}

func (f *brokenFile) WriteAt(p []byte, _ int64) (int, error) { return len(p), f.fail() }
func (f *brokenFile) Sync() error                            { return f.fail() }

// TestWriteErrors makes every write and the sync fail in turn: Finish must
// report it.
func TestWriteErrors(t *testing.T) {
	model := values(1000, 1000) // more than one write of blocks
	for n := 1; ; n++ {
		f := &brokenFile{n: n}
		w := NewWriter(f, "t", WriterOptions{})
		for _, e := range model {
			if w.Add(e.key, e.value) != nil {
				break
			}
		}
		_, err := w.Finish()
		if f.n > 0 {
			if err != nil || n < 5 {
				t.Fatalf("%d calls: %v", n, err)
			}
			return
		}
		if !errors.Is(err, errDisk) {
			t.Fatalf("call %d failed: %v", n, err)
		}
	}
}

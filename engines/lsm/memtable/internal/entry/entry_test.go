package entry

import (
	"bytes"
	"testing"
	"unsafe"

	"lsmlab/engines/lsm/ikey"
)

// TestEntry writes versions with sizes at both sides of every change of the
// layout. Size must cover what Write touches, and what follows must stay.
func TestEntry(t *testing.T) {
	for _, keySize := range []int{0, 1, 16, 1022, 1023, 1024, 64 << 10} {
		for _, valueSize := range []int{0, 1, 100, 1<<22 - 1, 1 << 22} {
			k := ikey.New(bytes.Repeat([]byte{'k'}, keySize), 7, ikey.Set)
			value := bytes.Repeat([]byte{'v'}, valueSize)
			size := Size(k, value)
			words := make([]uint64, size/8+4) // entries begin at words
			memory := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
			for i := size; i < len(memory); i++ {
				memory[i] = 'x'
			}
			e := (*Entry)(unsafe.Pointer(&words[0]))
			e.Write(k, value)
			if ikey.Compare(e.Key(), k) != 0 || !bytes.Equal(e.Value(), value) {
				t.Errorf("key of %d bytes, value of %d: reads as key of %d, value of %d",
					keySize, valueSize, len(e.User()), len(e.Value()))
			}
			if n := bytes.Count(memory[size:], []byte{'x'}); n != len(memory)-size {
				t.Errorf("key of %d bytes, value of %d: Write goes past its %d bytes", keySize, valueSize, size)
			}
		}
	}
}

// TestNothingBehind: an entry that fills its memory is written and read without
// a pointer behind it, which the race detector's builds refuse.
func TestNothingBehind(t *testing.T) {
	k := ikey.New([]byte("four"), 7, ikey.Set)
	words := make([]uint64, Size(k, nil)/8)
	e := (*Entry)(unsafe.Pointer(&words[0]))
	e.Write(k, nil)
	if !bytes.Equal(e.User(), k.User) || len(e.Value()) != 0 {
		t.Errorf("%v, %q", e.Key(), e.Value())
	}
}

func TestOrder(t *testing.T) {
	keys := []ikey.Key{
		ikey.New(nil, 9, ikey.Set), ikey.New(nil, 2, ikey.Set),
		ikey.New([]byte("a"), 3, ikey.Set), ikey.New([]byte("a"), 3, ikey.Delete),
		ikey.New([]byte("a\x00"), 8, ikey.Set), ikey.New([]byte("b"), 1, ikey.Set),
	}
	for i, a := range keys {
		words := make([]uint64, 8)
		e := (*Entry)(unsafe.Pointer(&words[0]))
		e.Write(a, []byte("value"))
		for j, b := range keys {
			if got := e.Compare(b); got != ikey.Compare(a, b) || e.Before(b) != (i < j) {
				t.Errorf("%v against %v: %d, before: %v", a, b, got, e.Before(b))
			}
		}
	}
}

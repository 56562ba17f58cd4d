package ikey

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// TestHead compares heads with their definition, for keys and offsets around
// the size of a head.
func TestHead(t *testing.T) {
	user := []byte("\xff\x01abcdefghijklmnopq")
	for n := range len(user) + 1 {
		for off := range len(user) + 10 {
			padded := append(bytes.Clone(user[:n]), make([]byte, 40)...)
			if got, want := Head(user[:n], off), binary.BigEndian.Uint64(padded[off:]); got != want {
				t.Errorf("%q from %d: %016x, want %016x", user[:n], off, got, want)
			}
		}
	}
}

// TestBefore: between the key before k and k itself there is nothing.
func TestBefore(t *testing.T) {
	user := []byte("user")
	for _, k := range []Key{New(user, 0, Delete), New(user, 7, Set), New(user, MaxSeq, Set)} {
		if before := k.Before(); Compare(before, k) >= 0 || before.Trailer-k.Trailer != 1 {
			t.Errorf("%v is right before %v", before, k)
		}
	}
	if k := SeekKey(user, MaxSeq); Compare(k.Before(), k) != 0 {
		t.Errorf("%v is before the first key of a user key", k.Before())
	}
	longest := bytes.Repeat([]byte{0xff}, 64<<10)
	if Compare(New(longest, 0, Delete), End()) >= 0 {
		t.Error("End is not after the last key")
	}
}

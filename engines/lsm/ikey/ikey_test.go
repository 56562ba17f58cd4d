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

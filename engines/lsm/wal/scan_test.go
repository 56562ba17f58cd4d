package wal

import "testing"

// TestSkippable compares with the plain search: the next offset at which the
// four bytes of a length are not all zeros.
func TestSkippable(t *testing.T) {
	for size := 12; size < 60; size++ {
		for at := 12; at <= size; at++ { // of the only byte that is not 0
			b := make([]byte, size)
			if at < size {
				b[at] = 1
			}
			want := at - 12
			if got := skippable(b); got != int64(want) {
				t.Fatalf("%d bytes, the one at %d not 0: skips %d, want %d", size, at, got, want)
			}
		}
	}
}

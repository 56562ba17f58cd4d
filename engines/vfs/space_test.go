package vfs

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestSpaceUnits: file systems count their room in fragments, where they say how large
// those are, and not in blocks.
func TestSpaceUnits(t *testing.T) {
	for _, tc := range []struct{ block, fragment, want int64 }{{4096, 4096, 4096}, {1 << 20, 4096, 4096}, {4096, 0, 4096}} {
		got := space(&unix.Statfs_t{Bsize: tc.block, Frsize: tc.fragment, Bavail: 10, Blocks: 30})
		if want := (Space{Free: 10 * tc.want, Total: 30 * tc.want}); got != want {
			t.Errorf("blocks of %d, fragments of %d: %+v, want %+v", tc.block, tc.fragment, got, want)
		}
	}
}

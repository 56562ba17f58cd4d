package vm

import (
	"fmt"

	"github.com/cespare/xxhash/v2"

	"lsmlab/powerfail/blocklog"
)

// written tells writes apart.
type written struct {
	kind           string
	offset, length int64
	content        uint64 // hash
}

func (w written) String() string {
	return fmt.Sprintf("%s of %d bytes at %d", w.kind, w.length, w.offset)
}

// crossCheck compares what this process recorded of a disk, from a position on, with what
// QEMU's own driver logged of the disk. Both must have the same writes with the same data,
// equally often. The order of writes that were under way together may differ. Flushes are
// not compared: QEMU's driver passes most of them on twice, and leaves out flushes without
// a write before them.
func crossCheck(log *blocklog.Log, from int64, entries []logEntry) error {
	counts := map[written]int{}
	for _, op := range log.Ops {
		if op.Issued > from && op.Kind != blocklog.Flush {
			counts[written{op.Kind.String(), op.Offset, op.Length, xxhash.Sum64(op.Data)}]++
		}
	}
	for _, e := range entries {
		switch {
		case e.flags&entryDiscard != 0:
			counts[written{blocklog.Zero.String(), e.offset, e.length, xxhash.Sum64(nil)}]--
		case e.length > 0:
			counts[written{blocklog.Write.String(), e.offset, e.length, xxhash.Sum64(e.data)}]--
		}
	}
	for w, n := range counts {
		if n != 0 {
			return fmt.Errorf("the recorder and QEMU disagree: %s is recorded %+d times more than logged", w, n)
		}
	}
	return nil
}

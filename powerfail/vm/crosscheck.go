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

// crossCheck compares what this process recorded of a disk, from a position on,
// with what QEMU's own driver logged of it: the same writes with the same data,
// as often, and flushes wherever we saw some. Requests that were under way
// together may stand in another order.
func crossCheck(log *blocklog.Log, from int64, entries []logEntry) error {
	counts := map[written]int{}
	var ours, theirs int // flushes
	for _, op := range log.Ops {
		switch {
		case op.Issued <= from:
		case op.Kind == blocklog.Flush:
			ours++
		default:
			counts[written{op.Kind.String(), op.Offset, op.Length, xxhash.Sum64(op.Data)}]++
		}
	}
	for _, e := range entries {
		if e.flags&entryFlush != 0 {
			theirs++
		}
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
	if ours > theirs { // QEMU spares a flush that nothing was written before
		return fmt.Errorf("the recorder and QEMU disagree: %d flushes recorded, %d logged", ours, theirs)
	}
	return nil
}

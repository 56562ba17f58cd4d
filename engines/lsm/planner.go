package lsm

import (
	"fmt"

	"lsmlab/engines/lsm/compaction"
)

// CompactionStyle names a planner of package compaction.
type CompactionStyle uint8

// The styles.
const (
	Leveled CompactionStyle = iota // L0 is merged into one run a level: see [compaction.Leveled]
	Tiered                         // runs of about one size are merged: see [compaction.Tiered]
	FIFO                           // nothing is merged: see [compaction.FIFO]
)

// String returns the name used by options and results.
func (s CompactionStyle) String() string {
	switch s {
	case Leveled:
		return "leveled"
	case Tiered:
		return "tiered"
	case FIFO:
		return "fifo"
	}
	return fmt.Sprintf("compaction(%d)", uint8(s))
}

// planner returns the planner of a store with options o.
func (o *Options) planner() compaction.Planner {
	switch o.Compaction {
	case Tiered:
		return compaction.Tiered{Runs: max(2, o.L0CompactionTrigger), TableSize: o.TableSize}
	case FIFO:
		return compaction.FIFO{MaxBytes: o.FIFOBytes}
	}
	return compaction.Leveled{
		L0Trigger: o.L0CompactionTrigger, BaseBytes: o.BaseLevelSize, SizeRatio: o.SizeRatio, TableSize: o.TableSize,
	}
}

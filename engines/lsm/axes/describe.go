package axes

import (
	"fmt"
	"strings"

	"lsmlab/engines/bytesize"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/engines/lsm/sstable"
	"lsmlab/engines/lsm/wal"
)

// Settings describes, for people, the options of a store that is opened with o. It
// derives them from the options in effect. It leaves out sizes that a run gives to
// every engine (they are 0 in o), and all that depends on the durability level; see
// [Path].
func Settings(o lsm.Options) map[string]string {
	e := o.Effective()
	s := map[string]string{
		"compression": compression(e), "bloom": "none", "blocks": blocks(e), "L0": l0(e),
		"compactions":         compactions(e),
		"immutable memtables": fmt.Sprint(e.MaxImmutable),
		"WAL":                 fmt.Sprintf("%s segments, %s pool while it is written", bytes(e.WALSegmentSize), bytes(e.WALPoolSize)),
	}
	if e.BloomBitsPerKey > 0 {
		s["bloom"] = fmt.Sprintf("%d bits", e.BloomBitsPerKey)
	}
	if e.GC.Keeps() {
		s["history"] = "every state of the last " + e.GC.Window.String()
	}
	if e.GC.Limits() {
		s["readers"] = fmt.Sprintf("cut when their state was replaced %v ago, or beyond %s held for readers", e.GC.PinAge, bytes(e.GC.PinBytes))
	}
	if o.MemTableSize != 0 {
		s["memtable"] = bytes(o.MemTableSize)
	}
	return s
}

func compactions(o lsm.Options) string {
	if o.Deterministic {
		return "one at a time, none beside a flush"
	}
	s := fmt.Sprintf("as many as processors, at most %d", o.Workers)
	if o.CompactEvery != 0 {
		s += fmt.Sprintf(", begun every %v or when writes would stop", o.CompactEvery)
	}
	return s
}

func compression(o lsm.Options) string {
	if o.PlainL0 && o.Compression != sstable.None {
		return o.Compression.String() + ", none in L0"
	}
	return o.Compression.String()
}

func blocks(o lsm.Options) string {
	size := "by compression"
	if o.BlockSize != 0 {
		size = bytes(int64(o.BlockSize))
	}
	if o.ReadMode == sstable.Positioned {
		return size + ", read by pread(2) into the block cache"
	}
	return size + ", mapped"
}

// l0 says when L0 is compacted, when writes are slowed down, and when they wait.
func l0(o lsm.Options) string {
	switch o.Compaction {
	case lsm.Tiered: // its pressure is half of the runs, see compaction.Tiered
		return fmt.Sprintf("tiered: %d runs of about one size are merged, slow-down at %d, stop at %d of them",
			o.L0CompactionTrigger, 2*o.L0SlowdownTrigger, 2*o.L0StopTrigger)
	case lsm.FIFO:
		if o.FIFOBytes > 0 {
			return "fifo: nothing is merged, the oldest tables are dropped beyond " + bytes(o.FIFOBytes)
		}
		return "fifo: nothing is merged"
	}
	due := float64(o.L0CompactionTrigger)
	return fmt.Sprintf("runs: compaction at %d to 12, slow-down at %g, stop at %g times that",
		o.L0CompactionTrigger, float64(o.L0SlowdownTrigger)/due, float64(o.L0StopTrigger)/due)
}

// Path says what a write at level d waits for, in a store that is opened with o.
func Path(o lsm.Options, d kv.Durability) string {
	stored := "record written"
	if o.WALWrite == wal.Mapped {
		stored = "record stored through a shared mapping of the WAL segment"
	}
	if o.WALSync == wal.ODSync {
		stored += " with O_DSYNC"
	}
	switch {
	case d == kv.Volatile:
		return "record in the WAL's memory"
	case d == kv.Synced && o.WALSync != wal.ODSync:
		stored += ", then " + o.WALSync.String()
	}
	if o.WALWrite == wal.Mapped && d < kv.Synced {
		return stored
	}
	return stored + ", shared by the writers that wait"
}

func bytes(n int64) string {
	s := bytesize.Format(n)
	if i := strings.IndexAny(s, "KMG"); i > 0 {
		return s[:i] + " " + s[i:]
	}
	return s + " bytes"
}

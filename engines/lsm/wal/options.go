package wal

import (
	"fmt"
	"path"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// SyncMethod says how [Writer.Commit] reaches rung Synced.
type SyncMethod uint8

// The methods.
const (
	FDataSync SyncMethod = iota // fdatasync after the write
	FSync                       // fsync after the write
	ODSync                      // the write itself, to a file opened with O_DSYNC
	NoSync                      // not at all: Synced is refused
)

var syncNames = [...]string{FDataSync: "fdatasync", FSync: "fsync", ODSync: "odsync", NoSync: "none"}

// String returns the name used by flags and results.
func (m SyncMethod) String() string { return name(syncNames[:], uint8(m)) }

// Supports says whether a log with this method can reach rung d.
func (m SyncMethod) Supports(d kv.Durability) bool { return m != NoSync || d < kv.Synced }

// ParseSyncMethod is the inverse of [SyncMethod.String].
func ParseSyncMethod(s string) (SyncMethod, error) {
	i, err := parse(syncNames[:], s, "sync method")
	return SyncMethod(i), err
}

// WriteMethod says how records get to the operating system.
type WriteMethod uint8

// The methods.
const (
	Positioned WriteMethod = iota // one positioned write for each record or group
	Mapped                        // stores to a shared mapping of the segment: no system call, but for large records
)

var writeNames = [...]string{Positioned: "positioned", Mapped: "mapped"}

// String returns the name used by flags and results.
func (m WriteMethod) String() string { return name(writeNames[:], uint8(m)) }

// ParseWriteMethod is the inverse of [WriteMethod.String].
func ParseWriteMethod(s string) (WriteMethod, error) {
	i, err := parse(writeNames[:], s, "write method")
	return WriteMethod(i), err
}

func name(names []string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("method(%d)", i)
}

func parse(names []string, s, what string) (uint8, error) {
	for i, name := range names {
		if name == s {
			return uint8(i), nil
		}
	}
	return 0, fmt.Errorf("%s %q: want one of %q", what, s, names)
}

// Options tune a log. FS and Dir are needed; all else works as its zero value.
type Options struct {
	FS  vfs.FS
	Dir string // exists; other files in it are left alone

	// Epoch counts the openings of the log. It rises with each, durably, before NewWriter
	// is called: so no two segments of a log ever have one number. Recover and Check are
	// given that of the last opening, 0 if there was none: segments of later ones belong
	// to another history. NewWriter is given the new one, from 1 on.
	Epoch uint64
	// Secret is the same at each opening. It keeps those who choose what is stored from
	// making bytes that look like a record.
	Secret uint64

	SegmentSize int64 // bytes; default 16 MiB. A larger record gets a segment of its own size
	PoolSize    int64 // bytes of recycled segments kept; default 80 MiB, negative keeps none

	// Any log opens with any of these.

	Sync  SyncMethod
	Write WriteMethod // Mapped goes with any Sync but ODSync, which says nothing of stores

	// Progress, if set, is called by Recover now and then, with bytes of the log read and
	// to be read. An error that it returns ends Recover.
	Progress func(done, total int64) error
}

// Limits of SegmentSize in bytes. The smallest holds a header, a record and an
// end mark; it is there for tests.
const (
	minSegmentSize = headerSize + 2*markSize
	maxSegmentSize = 1 << 32
)

// The sizes that an option of 0 stands for, in bytes.
const (
	DefaultSegmentSize = 16 << 20
	DefaultPoolSize    = 80 << 20
)

func (o Options) withDefaults() Options {
	if o.SegmentSize == 0 {
		o.SegmentSize = DefaultSegmentSize
	}
	if o.PoolSize == 0 {
		o.PoolSize = DefaultPoolSize
	}
	return o
}

func (o Options) check() error {
	switch {
	case o.FS == nil || o.Dir == "":
		return fmt.Errorf("wal: options FS and Dir are needed")
	case o.Epoch >= 1<<epochBits:
		return fmt.Errorf("wal: option Epoch is %d, want %d at most", o.Epoch, uint64(1<<epochBits-1))
	case o.SegmentSize < minSegmentSize || o.SegmentSize > maxSegmentSize:
		return fmt.Errorf("wal: option SegmentSize is %d, want %d to %d", o.SegmentSize, minSegmentSize, maxSegmentSize)
	case o.Sync > NoSync:
		return fmt.Errorf("wal: option Sync is %d, want 0 to %d", o.Sync, NoSync)
	case o.Write > Mapped:
		return fmt.Errorf("wal: option Write is %d, want 0 to %d", o.Write, Mapped)
	case o.Write == Mapped && o.Sync == ODSync:
		return fmt.Errorf("wal: %w: write method mapped with sync method odsync, which does not cover stores to memory", kv.ErrUnsupported)
	}
	return nil
}

func (o Options) path(name string) string { return path.Join(o.Dir, name) }

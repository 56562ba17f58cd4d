package wal

import (
	"fmt"
	"path"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// SyncMethod says how [Writer.Commit] reaches the durability level Synced.
type SyncMethod uint8

// The methods.
const (
	FDataSync SyncMethod = iota // fdatasync after the write
	FSync                       // fsync after the write
	ODSync                      // the write itself, to a file opened with O_DSYNC
	NoSync                      // no sync: a commit at Synced is refused
)

var syncNames = [...]string{FDataSync: "fdatasync", FSync: "fsync", ODSync: "odsync", NoSync: "none"}

// String returns the name used by flags and results.
func (m SyncMethod) String() string { return name(syncNames[:], uint8(m)) }

// Supports says whether a log with this method can reach durability level d.
func (m SyncMethod) Supports(d kv.Durability) bool { return m != NoSync || d < kv.Synced }

// WriteMethod says how records get to the operating system.
type WriteMethod uint8

// The methods.
const (
	Positioned WriteMethod = iota // one positioned write for each record or group
	Mapped                        // stores to a shared mapping of the segment; only large records need a system call
)

var writeNames = [...]string{Positioned: "positioned", Mapped: "mapped"}

// String returns the name used by flags and results.
func (m WriteMethod) String() string { return name(writeNames[:], uint8(m)) }

// name returns the name of method i.
func name(names []string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("method(%d)", i)
}

// Options tune a log. FS and Dir are required; everything else may be zero.
type Options struct {
	FS  vfs.FS
	Dir string // must exist; other files in it are left alone

	// Epoch counts the openings of the log. It must rise with each opening, and must be
	// durable before NewWriter is called, so that no two segments of a log ever have
	// the same number. Recover and Check take the epoch of the last opening, or 0 if
	// there was none: segments of later epochs belong to another history. NewWriter
	// takes the new epoch, which is 1 or more.
	Epoch uint64
	// Secret must be the same at each opening. With it, people who choose what is
	// stored cannot make bytes that look like a record.
	Secret uint64

	SegmentSize int64 // bytes; default 16 MiB. A larger record gets a segment of its own size
	PoolSize    int64 // bytes of recycled segments kept; default 80 MiB, negative keeps none

	// The following may differ between openings: every log opens with any of them.

	Sync  SyncMethod
	Write WriteMethod // Mapped works with every Sync except ODSync, which does not cover stores to memory

	// Progress, if not nil, is called by Recover after each MiB or so, with the bytes
	// of the log that were read and that are to be read in all. An error of it ends
	// Recover.
	Progress func(done, total int64) error
}

// Limits of SegmentSize, in bytes. The smallest segment holds a header, one record and
// one end mark; it exists for tests.
const (
	minSegmentSize = headerSize + 2*markSize
	maxSegmentSize = 1 << 32
)

// Defaults of the sizes, in bytes.
const (
	DefaultSegmentSize = 16 << 20
	DefaultPoolSize    = 80 << 20
)

// withDefaults returns o with the defaults in the place of zeros.
func (o Options) withDefaults() Options {
	if o.SegmentSize == 0 {
		o.SegmentSize = DefaultSegmentSize
	}
	if o.PoolSize == 0 {
		o.PoolSize = DefaultPoolSize
	}
	return o
}

// check returns an error for the first option that cannot work.
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

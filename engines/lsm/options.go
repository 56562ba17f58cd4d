package lsm

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"lsmlab/engines/internal/interval"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/gc"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/skiplist"
	"lsmlab/engines/lsm/sstable"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/vfs"
)

// Options tune a store. The zero value works; every field says its default.
type Options struct {
	// What is stored. Any store opens with any of these; they shape new files.

	Compression      sstable.Compression // default none
	PlainL0          bool                // tables of L0 are not compressed, whatever Compression says
	BlockSize        int                 // bytes of an SSTable block; default 4 KiB
	RestartInterval  int                 // entries between whole keys; default the sstable package's
	BloomBitsPerKey  int                 // default 10
	TableSize        int64               // bytes about which compactions make tables, larger ones in a large store; default 64 MiB
	WALSegmentSize   int64               // default 16 MiB
	WALPoolSize      int64               // bytes of recycled segments kept; default 80 MiB
	ManifestRollSize int64               // bytes at which a new manifest begins; default 4 MiB
	// LogSecret keys the checksums of a new store's log. Default: a random number. With a
	// fixed one, equal work on a new store writes equal bytes.
	LogSecret uint64
	// Reserve lets the store hold back a part of the disk once it has tables, so that
	// flushes, compactions and deletes go on when the disk is full: 1.25 MemTables and two
	// WAL segments, and never more than an eighth of the file system, so a small disk asks
	// for small MemTables. Default off: it is room in which nothing is stored.
	Reserve bool

	// What a crash takes.

	// DurableReads lets reads see only what a power failure does not take: see
	// durable.go. Default off: reads see a write before it is acknowledged.
	DurableReads bool

	// SyncInterval bounds what a power failure takes of writes that asked for less
	// than Synced, by time: see the interval package. Default 0: no bound.
	SyncInterval time.Duration

	// GC says which versions stay that newer ones hide, beside those that open snapshots
	// and transactions read. Default: none.
	GC gc.Policy

	// What affects speed only.

	MemTable     memtable.Factory // default the skiplist
	MemTableSize int64            // bytes at which a MemTable is frozen; default 64 MiB
	MaxImmutable int              // frozen tables waiting for their flush before writes stop; default 2
	CacheSize    int64            // bytes of the block cache (read(2) mode and zstd); default 1 GiB
	ReadMode     sstable.Mode     // mmap views (default) or positioned reads
	WALSync      wal.SyncMethod   // default fdatasync
	WALWrite     wal.WriteMethod  // default one positioned write a group

	// Of L0, in runs: the tables that may lie over one key. Where the level below is
	// large compaction begins at up to 12, and the others rise in proportion.
	L0CompactionTrigger int // default 4
	L0SlowdownTrigger   int // from which on writes are slowed, what deeper levels hold too much counted in; default 6
	L0StopTrigger       int // at which writes wait; default 12

	BaseLevelSize int64   // bytes that a level between L0 and L6 should hold at least; default 1 GiB
	SizeRatio     float64 // of a level over the one above; default 10
	// Compaction is the way tables are laid out; any store opens with any of them.
	Compaction CompactionStyle // default Leveled
	// FIFOBytes, with FIFO, is how many bytes tables may have before the oldest are
	// dropped, acknowledged writes and all; default 0: none are.
	FIFOBytes int64
	// Workers are the compactions at once, or parts of one, if there are as many
	// processors; default 8.
	Workers      int
	QueueLength  int           // compactions waiting; default 1024
	WorkerIdle   time.Duration // after which an idle worker retires; default 5 minutes
	TickInterval time.Duration // of the look for compactions; default CompactEvery, else 30 s
	// CompactEvery lets compactions begin at a look every so often, or when L0 holds so much
	// that writes would stop, and not as soon as they are due. What a closed snapshot held
	// waits too. Deterministic stores have no looks. Default 0: compactions begin at once.
	CompactEvery time.Duration
	// RetryInterval is after what time the store first tries again what failed for want
	// of space, descriptors or memory; then ever less often. Writes try by themselves.
	// Default 100 ms.
	RetryInterval time.Duration

	// Deterministic makes equal calls of one goroutine, with [DB.Settle] after each, the
	// same operations on the file system with the same bytes: work in the background is
	// done one thing after the other, only calls give cause for it, not the clock, and
	// nothing is drawn at random. So a crash can be shown again. It sets the defaults of
	// LogSecret (1), TickInterval and RetryInterval (so long that they never pass).
	Deterministic bool

	// Opening, if set, is told now and then how far Open is, by the goroutine that called
	// it. An error that it returns ends Open, which returns it; the store is as it was.
	Opening func(kv.OpenProgress) error

	FS vfs.FS // default the operating system's
}

func (o Options) withDefaults() Options {
	if o.Deterministic {
		setDefault(&o.LogSecret, 1)
		setDefault(&o.TickInterval, never)
		setDefault(&o.RetryInterval, never)
	}
	setDefault(&o.TableSize, 64<<20)
	setDefault(&o.ManifestRollSize, 4<<20)
	setDefault(&o.MemTableSize, 64<<20)
	setDefault(&o.MaxImmutable, 2)
	setDefault(&o.CacheSize, 1<<30)
	setDefault(&o.L0CompactionTrigger, 4)
	setDefault(&o.L0SlowdownTrigger, 6)
	setDefault(&o.L0StopTrigger, 12)
	setDefault(&o.BaseLevelSize, 1<<30)
	setDefault(&o.SizeRatio, 10)
	setDefault(&o.Workers, 8)
	setDefault(&o.QueueLength, 1024)
	setDefault(&o.WorkerIdle, 5*time.Minute)
	setDefault(&o.TickInterval, cmp.Or(o.CompactEvery, 30*time.Second))
	setDefault(&o.RetryInterval, 100*time.Millisecond)
	if o.MemTable == nil {
		o.MemTable = skiplist.New
	}
	if o.Opening == nil {
		o.Opening = func(kv.OpenProgress) error { return nil }
	}
	if o.FS == nil {
		o.FS = vfs.OS
	}
	return o
}

// Effective returns the options as a store that is opened with o has them: fields
// that stand for a default say which. BlockSize stays 0 where it depends on the level.
func (o Options) Effective() Options {
	o = o.withDefaults()
	setDefault(&o.WALSegmentSize, wal.DefaultSegmentSize)
	setDefault(&o.WALPoolSize, wal.DefaultPoolSize)
	w := o.writerOptions(1).WithDefaults()
	if w.BlockSize == o.writerOptions(0).WithDefaults().BlockSize {
		o.BlockSize = w.BlockSize
	}
	o.RestartInterval, o.BloomBitsPerKey = w.RestartInterval, w.BloomBitsPerKey
	return o
}

// writerOptions are those of new tables of a level.
func (o *Options) writerOptions(level int) sstable.WriterOptions {
	w := sstable.WriterOptions{
		BlockSize: o.BlockSize, RestartInterval: o.RestartInterval, BloomBitsPerKey: o.BloomBitsPerKey, Compression: o.Compression,
	}
	if level == 0 && o.PlainL0 {
		w.Compression = sstable.None
	}
	return w
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// never is an interval that no run lasts.
const never = 24 * time.Hour

// Small returns o with sizes that make everything happen often, in short runs:
// freezes, flushes, compactions down to L6, WAL switches, manifest rolls. For
// tests and crash exploration.
func (o Options) Small() Options {
	o.MemTableSize, o.MaxImmutable = 48<<10, 32 // an empty table takes 16 to 33 KiB
	o.TableSize = 8 << 10
	o.BaseLevelSize = 32 << 10
	o.SizeRatio = 2
	o.L0CompactionTrigger, o.L0SlowdownTrigger, o.L0StopTrigger = 2, 100, 200
	o.WALSegmentSize, o.WALPoolSize = 8<<10, 32<<10
	o.ManifestRollSize = 1 << 10
	o.CacheSize, o.QueueLength = 64<<10, 16
	o.RetryInterval = never // calls alone try again, at the same point every time
	return o
}

// check refuses values that cannot work, naming field and value.
func (o Options) check() error {
	for _, f := range []struct {
		name     string
		value    int64
		at, most int64
	}{
		{"MemTableSize", o.MemTableSize, 1, 2 << 30},
		{"TableSize", o.TableSize, 1, 1 << 40},
		{"MaxImmutable", int64(o.MaxImmutable), 1, 1 << 10},
		{"CacheSize", o.CacheSize, 1, 1 << 50},
		{"L0CompactionTrigger", int64(o.L0CompactionTrigger), 1, 1 << 20},
		{"L0SlowdownTrigger", int64(o.L0SlowdownTrigger), int64(o.L0CompactionTrigger), 1 << 20},
		{"L0StopTrigger", int64(o.L0StopTrigger), int64(o.L0SlowdownTrigger), 1 << 20},
		{"BaseLevelSize", o.BaseLevelSize, 1, 1 << 50},
		{"SizeRatio", int64(o.SizeRatio), 2, 1 << 10},
		{"Compaction", int64(o.Compaction), 0, int64(FIFO)},
		{"FIFOBytes", o.FIFOBytes, 0, math.MaxInt64},
		{"Workers", int64(o.Workers), 1, 1 << 10},
		{"QueueLength", int64(o.QueueLength), 1, 1 << 20},
		{"WorkerIdle", int64(o.WorkerIdle), 1, math.MaxInt64},
		{"TickInterval", int64(o.TickInterval), 1, math.MaxInt64},
		{"CompactEvery", int64(o.CompactEvery), 0, math.MaxInt64},
		{"RetryInterval", int64(o.RetryInterval), 1, math.MaxInt64 / slowestRetry},
		{"GC.Window", int64(o.GC.Window), 0, math.MaxInt64},
		{"GC.PinAge", int64(o.GC.PinAge), 0, math.MaxInt64},
		{"GC.PinBytes", o.GC.PinBytes, 0, math.MaxInt64},
		{"BlockSize", int64(o.BlockSize), 0, 1 << 24},
		{"RestartInterval", int64(o.RestartInterval), 0, 1 << 16},
		{"BloomBitsPerKey", int64(o.BloomBitsPerKey), -1, 100},
	} {
		if f.value < f.at || f.value > f.most {
			return fmt.Errorf("lsm: option %s is %d, want %d to %d", f.name, f.value, f.at, f.most)
		}
	}
	if o.GC.PinAge != 0 && o.GC.PinAge < o.GC.Window {
		return fmt.Errorf("lsm: option GC.PinAge is %v, want at least the window, %v", o.GC.PinAge, o.GC.Window)
	}
	if (o.DurableReads || o.SyncInterval != 0) && !o.WALSync.Supports(kv.Synced) {
		return fmt.Errorf("lsm: %w: options DurableReads and SyncInterval with WAL sync method %v", kv.ErrUnsupported, o.WALSync)
	}
	return interval.Check(o.SyncInterval)
}

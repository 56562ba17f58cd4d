package lsm

import (
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/lsm/memtable/variants"
	"lsmlab/engines/lsm/sstable"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/vfs"
)

// profiles are the ways of the core that the suites run through.
var profiles = map[string]func(Options) Options{
	"default": func(o Options) Options { return o },
	"tiny":    Options.Small,
	"small": func(o Options) Options { // for long campaigns: shallow, but nothing is rare
		o.MemTableSize, o.TableSize, o.BaseLevelSize = 1<<20, 1<<20, 4<<20
		o.WALSegmentSize, o.WALPoolSize = 256<<10, 1<<20
		return o
	},
	"read(2), zstd": func(o Options) Options {
		o = Options.Small(o)
		o.ReadMode, o.Compression = sstable.Positioned, sstable.Zstd
		return o
	},
	"mapped WAL": func(o Options) Options {
		o = Options.Small(o)
		o.WALWrite = wal.Mapped
		return o
	},
	"durable reads": func(o Options) Options {
		o = Options.Small(o)
		o.DurableReads = true
		return o
	},
	"past kept": func(o Options) Options {
		o = Options.Small(o)
		o.GC.Window = time.Minute
		return o
	},
	"tiered": func(o Options) Options { // merges beside each other, which the covering set's stores do one by one
		o = Options.Small(o)
		o.Compaction = Tiered
		return o
	},
	"compactions at ticks": func(o Options) Options {
		o = Options.Small(o)
		o.CompactEvery, o.L0SlowdownTrigger, o.L0StopTrigger = 20*time.Millisecond, 4, 8
		return o
	},
	"O_DSYNC WAL": func(o Options) Options {
		o = Options.Small(o)
		o.WALSync = wal.ODSync
		return o
	},
}

// onDisk gives every case a directory of the real file system.
func onDisk(o Options) kvtest.Harness {
	return kvtest.Harness{Open: func(dir string) (kv.Engine, error) { return Open(dir, o) }}
}

// inMemory gives every case a disk in memory, and a machine that can crash.
func inMemory(o Options) kvtest.Harness {
	return kvtest.InMemory(func(fs vfs.FS, dir string) (kv.Engine, error) {
		o := o
		o.FS = fs
		return Open(dir, o)
	})
}

func TestConformance(t *testing.T) {
	for _, v := range variants.All() {
		for profile, adapt := range profiles {
			t.Run(v.Name+"/"+profile, func(t *testing.T) {
				o := adapt(Options{MemTable: v.New})
				if profile == "default" {
					kvtest.Run(t, onDisk(o))
				} else {
					kvtest.Run(t, inMemory(o))
				}
			})
		}
	}
}

// TestRandom compares every MemTable, in every profile, with the model.
func TestRandom(t *testing.T) {
	for _, v := range variants.All() {
		for profile, adapt := range profiles {
			t.Run(v.Name+"/"+profile, func(t *testing.T) {
				kvtest.Random(t, inMemory(adapt(Options{MemTable: v.New})))
			})
		}
	}
}

// FuzzEngine lets the fuzzer choose the MemTable too.
func FuzzEngine(f *testing.F) {
	var harnesses []kvtest.Harness
	for _, v := range variants.All() {
		harnesses = append(harnesses, inMemory(Options.Small(Options{MemTable: v.New})))
	}
	kvtest.Fuzz(f, harnesses...)
}

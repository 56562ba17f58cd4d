package axes

import (
	"fmt"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/engines/lsm/gc"
	"lsmlab/engines/lsm/sstable"
	"lsmlab/engines/lsm/wal"
)

// table is the table of options. It has one entry for each choice; the first value is
// the default.
var table = []Axis{
	{
		Name: "read", About: "how bytes of tables come to a reader",
		Values: []Value{
			{Name: "mmap", About: "views of the mapped file, no copies", set: func(o *lsm.Options) { o.ReadMode = sstable.Mapped }},
			{Name: "pread", About: "whole blocks by pread(2), kept in the block cache", set: func(o *lsm.Options) { o.ReadMode = sstable.Positioned }},
		},
	},
	{
		Name: "compression", About: "of the blocks of tables", Stored: true,
		Values: []Value{
			{Name: "none", About: "blocks as they are", set: func(o *lsm.Options) { o.Compression = sstable.None }},
			{Name: "zstd", About: "every table by zstd", set: func(o *lsm.Options) { o.Compression = sstable.Zstd }},
			{Name: "zstd-deep", About: "by level: L0 as it is, deeper levels by zstd", set: func(o *lsm.Options) {
				o.Compression, o.PlainL0 = sstable.Zstd, true
			}},
		},
	},
	{
		Name: "sync", About: "how the log gets to the disk for a synced write",
		Values: []Value{
			{Name: "fdatasync", About: "fdatasync after the write", set: func(o *lsm.Options) { o.WALSync = wal.FDataSync }},
			{Name: "fsync", About: "fsync after the write", set: func(o *lsm.Options) { o.WALSync = wal.FSync }},
			{Name: "odsync", About: "the write itself, to a file opened with O_DSYNC; writes to the log are then positioned, as by `written`", set: func(o *lsm.Options) {
				o.WALSync, o.WALWrite = wal.ODSync, wal.Positioned
			}},
			{Name: "none", About: "not at all: synced writes are refused", Refuses: []kv.Durability{kv.Synced}, set: func(o *lsm.Options) { o.WALSync = wal.NoSync }},
		},
	},
	{
		Name: "wal", About: "how records get to the operating system",
		Values: []Value{
			{Name: "auto", About: "written where writes are synced, else mapped", set: func(*lsm.Options) {}},
			{Name: "mapped", About: "stores to a shared mapping of the log", set: func(o *lsm.Options) { o.WALWrite = wal.Mapped }},
			{Name: "written", About: "one positioned write a group", set: func(o *lsm.Options) { o.WALWrite = wal.Positioned }},
		},
	},
	{
		Name: "bloom", About: "bits a key of the filter that spares point reads a table", Stored: true,
		Values: []Value{bloomBits.named(10), bloomBits.named(2), {
			Name: "none", About: "no filter", set: func(o *lsm.Options) { o.BloomBitsPerKey = -1 },
		}},
		Numbers: []*Number{bloomBits},
	},
	{
		Name: "block", About: "bytes at which a block of a table ends", Stored: true,
		Values: []Value{
			{Name: "auto", About: "4 KiB, compressed 16 KiB", set: func(o *lsm.Options) { o.BlockSize = 0 }},
			blockSizes.named(1 << 10), blockSizes.named(64 << 10),
		},
		Numbers: []*Number{blockSizes},
	},
	{
		Name: "memtable", About: "bytes at which a MemTable is frozen, whatever the run says; where a crash run makes all sizes small, in proportion",
		Values: []Value{
			{Name: "auto", About: "as the run says, else 64 MiB", set: func(*lsm.Options) {}},
			memTableSizes.named(48 << 20), memTableSizes.named(128 << 20),
		},
		Numbers: []*Number{memTableSizes},
	},
	{
		Name: "compaction", About: "which tables are merged, and when", Stored: true,
		Values: []Value{
			{Name: "leveled", About: "L0 column by column into one run a level: few runs, little space, most bytes written", set: func(o *lsm.Options) { o.Compaction = lsm.Leveled }},
			{Name: "tiered", About: "runs of about one size: a third of the bytes written, up to twice the space, more runs for a read to ask", set: func(o *lsm.Options) { o.Compaction = lsm.Tiered }},
			{Name: "fifo", About: "nothing is merged: no byte is written twice, every version stays", set: func(o *lsm.Options) { o.Compaction = lsm.FIFO }},
		},
	},
	{
		Name: "ticker", About: "when compactions begin that are due",
		Values: []Value{
			{Name: "off", About: "at once", set: func(o *lsm.Options) { o.CompactEvery = 0 }},
			tickers.named(int64(30 * time.Second)),
		},
		Numbers: []*Number{tickers},
	},
	{
		Name: "keep", About: "bytes of tables beyond which the oldest are dropped, acknowledged writes and all; with fifo alone", Stored: true, Drops: true,
		Values:  []Value{{Name: "all", About: "no table is dropped", set: func(o *lsm.Options) { o.FIFOBytes = 0 }}},
		Numbers: []*Number{keepSizes},
	},
	{
		Name: "gc", About: "which versions stay that newer ones hide; with a window those too that a view of any state of the last N reads (`kv.Historian`)",
		Values: []Value{
			{Name: "refs", About: "those that open snapshots and transactions read", set: func(o *lsm.Options) { o.GC = gc.Policy{} }},
			windows.named(int64(time.Second)), budgets.named(int64(time.Minute)),
		},
		Numbers: []*Number{windows, budgets},
	},
}

// conflicts are the pairs of values that exclude each other, with the reason.
var conflicts = []struct{ a, b, why string }{
	{"odsync", "mapped", "O_DSYNC says nothing of stores to memory"},
}

var bloomBits = &Number{Least: 1, Most: 100, value: func(n int64) Value {
	return Value{About: fmt.Sprintf("%d bits", n), set: func(o *lsm.Options) { o.BloomBitsPerKey = int(n) }}
}}

var blockSizes = &Number{Least: 512, Most: 1 << 20, Bytes: true, value: func(n int64) Value {
	return Value{About: bytes(n), set: func(o *lsm.Options) { o.BlockSize = int(n) }}
}}

var memTableSizes = &Number{Least: 64 << 10, Most: 1 << 30, Bytes: true, value: func(n int64) Value {
	return Value{About: bytes(n), set: func(o *lsm.Options) { o.MemTableSize = n }}
}}

var windows = &Number{Least: int64(time.Microsecond), Most: int64(30 * 24 * time.Hour), Durations: true, Prefix: "window:", value: func(n int64) Value {
	return Value{About: "also every state of the last " + time.Duration(n).String(), set: func(o *lsm.Options) {
		o.GC = gc.Policy{Window: time.Duration(n)}
	}}
}}

// budgets are windows with a budget for readers.
var budgets = &Number{
	Least: windows.Least, Most: windows.Most, Durations: true, Prefix: "mixed:",
	About: fmt.Sprintf("with that window, a reader whose state was replaced %d N ago, or, beyond %s that tables hold for readers alone, the one of the oldest state meets `kv.ErrSnapshotTooOld`", pinWindows, bytes(pinBytes)),
	value: func(n int64) Value {
		return Value{About: "the same window, readers up to a budget", set: func(o *lsm.Options) {
			o.GC = gc.Policy{Window: time.Duration(n), PinAge: pinWindows * time.Duration(n), PinBytes: pinBytes}
		}}
	},
}

// The budget for readers: windows that a state is kept for them after its end, and bytes.
const (
	pinWindows = 10
	pinBytes   = 1 << 30
)

var tickers = &Number{
	Least: int64(time.Millisecond), Most: int64(time.Hour), Durations: true,
	About: "at a tick every N, or when L0 holds so much that writes would stop",
	value: func(n int64) Value {
		return Value{About: "at a tick every " + time.Duration(n).String(), set: func(o *lsm.Options) { o.CompactEvery = time.Duration(n) }}
	},
}

var keepSizes = &Number{Least: 1 << 20, Most: 1 << 40, Bytes: true, value: func(n int64) Value {
	return Value{About: bytes(n), needs: "fifo", set: func(o *lsm.Options) { o.FIFOBytes = n }}
}}

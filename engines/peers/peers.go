// Package peers holds what the adapters of foreign engines have in common with
// their callers. Each engine is a package below.
package peers

import (
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// Options are the settings that all engines share; the zero value takes the
// defaults.
type Options struct {
	CacheSize    int64 // bytes of block cache; 1 GiB
	MemTableSize int64 // bytes; 64 MiB
	// Durability is the level that the store will be used at. Engines that fix it
	// when they open (badger, bbolt) refuse the others; there, Volatile stands
	// for Buffered. Engines that choose by each Apply ignore it.
	Durability kv.Durability
	// DurableReads lets reads, scans and snapshots see only what a power failure
	// does not take back; without it they may see a write that is not acknowledged
	// yet. Our own engines read the newest state that is durable, and sync what was
	// acknowledged at a weaker level before they read it. Peers write everything at
	// Synced, and where the library shows a write before its sync, readers wait for
	// the writes that run. It needs a store that gives Synced.
	DurableReads bool
	// SyncInterval bounds by time what a power failure takes of writes at a level
	// below Synced: writes of one such interval at most. The store syncs twice an
	// interval; where a sync takes longer than half of it, writes are synced one by
	// one until it ends. After a sync that failed no more writes are taken. 0: no
	// bound. Engines that cannot sync on demand refuse (engines.Info.SyncsOnDemand).
	SyncInterval time.Duration
	// Transactions lets peers have transactions for which plain writes pay too (badger,
	// rocksdb). Without it they are opened for plain writes, and Begin refuses. Engines
	// that give transactions at no such price ignore it.
	Transactions bool
	// FS is the file system to live on; nil is the operating system's. Engines
	// that cannot go through it refuse.
	FS vfs.FS
	// Reserve lets own engines hold back room on the disk for when it is full (see
	// lsm.Options.Reserve), which the others do not.
	Reserve bool
	// Small makes tables, logs and manifests end early, so that a short run
	// flushes, compacts and switches files often. It is there for crashes, not
	// for races. MemTableSize and CacheSize are then the engine's own choice,
	// and engines that know no such sizes ignore it.
	Small bool
	// Opening, if set, is told now and then how far the opening of a store is. An error
	// that it returns ends the opening, which returns it; the store is as it was. Engines
	// that cannot tell do not call it.
	Opening func(kv.OpenProgress) error
}

// WithDefaults returns o with zero fields filled in.
func (o Options) WithDefaults() Options {
	if o.CacheSize == 0 {
		o.CacheSize = 1 << 30
	}
	if o.MemTableSize == 0 {
		o.MemTableSize = 64 << 20
	}
	return o
}

// FixedDurability returns the one level of an engine that fixes it when it opens.
func (o Options) FixedDurability() kv.Durability { return max(o.Durability, kv.Buffered) }

package engines

import (
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/bptree"
	"lsmlab/engines/lsm/memtable/rbtree"
	"lsmlab/engines/lsm/memtable/skiplist"
	"lsmlab/engines/lsm/wal"
)

// variants are the engines of this module: one core, several MemTables.
func variants() []Info {
	return []Info{
		variant("lsm-skiplist", "lsmlab's LSM core with a lock-free skiplist", skiplist.New),
		variant("lsm-rbtree", "lsmlab's LSM core with a segmented red-black tree", rbtree.New),
		variant("lsm-bptree", "lsmlab's LSM core with an in-memory B+ tree", bptree.New),
	}
}

func variant(name, summary string, table memtable.Factory) Info {
	return Info{
		Name:    name,
		Summary: summary,
		AnyFS:   true,

		SyncsOnDemand: true,
		Rungs: map[kv.Durability]string{
			kv.Volatile: "record in the WAL's memory",
			kv.Buffered: "record stored through a shared mapping of the WAL segment",
			kv.Synced:   "record written, then fdatasync, shared by the writers that wait",
		},
		Settings: map[string]string{
			"compression": "none", "bloom": "10 bits", "blocks": "4 KiB, mapped", "L0": "runs: compaction at 4 to 12, slow-down at 1.5, stop at 3 times that",
			"compactions": "as many as processors, at most 8", "immutable memtables": "2", "WAL": "16 MiB segments, 80 MiB pool while it is written",
		},
		Open: func(dir string, o Options) (kv.Engine, error) {
			o = o.WithDefaults()
			opts := lsm.Options{
				MemTable: table, MemTableSize: o.MemTableSize, CacheSize: o.CacheSize, FS: o.FS, Opening: o.Opening,
				DurableReads: o.DurableReads, SyncInterval: o.SyncInterval, Reserve: o.Reserve || o.Small,
			}
			if o.Small {
				opts = opts.Small()
				// One thing after the other, none by the clock, the same bytes each time: a crash
				// can be shown again, and its state is told from others.
				opts.Workers, opts.TickInterval, opts.LogSecret = 1, 24*time.Hour, 1
			}
			if o.Durability < kv.Synced {
				opts.WALWrite = wal.Mapped
			}
			db, err := lsm.Open(dir, opts)
			if err != nil {
				return nil, err // not db: a nil *lsm.DB is no nil Engine
			}
			return db, nil
		},
	}
}

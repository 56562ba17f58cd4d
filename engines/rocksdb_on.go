//go:build rocksdb

package engines

import (
	"lsmlab/engines/kv"
	"lsmlab/engines/peers/rocksdb"
)

// tagged are the engines that need a build tag.
var tagged = []Info{{
	Name:    "rocksdb",
	Summary: "LSM tree in C++, by cgo",
	Module:  rocksdb.Module,
	Rungs: map[kv.Durability]string{
		kv.Volatile: "disableWAL=true",
		kv.Buffered: "the default: manual_wal_flush=false",
		kv.Synced:   "sync=true",
	},
	Settings: map[string]string{
		"compression": "none", "bloom": "10 bits", "blocks": "16 KiB, index and filter blocks in the cache",
		"level bytes": "dynamic", "background jobs": "up to 4",
	},
	SyncsOnDemand: true,

	Open: rocksdb.Open,
}}

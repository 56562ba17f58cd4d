//go:build rocksdb

package engines

import (
	"lsmlab/engines/kv"
	"lsmlab/engines/peers/rocksdb"
)

// tagged are the engines that need a build tag.
var tagged = []Info{
	{
		Name:         "rocksdb",
		Summary:      "LSM tree in C++, by cgo",
		Module:       rocksdb.Module,
		Durabilities: rocksdbDurabilities,
		TxnsOnDemand: true,
		Isolations: map[kv.Isolation]string{
			kv.SnapshotIsolation: "OptimisticTransactionDB, set_snapshot: keys that were written are compared at the commit",
		},
		Settings:      rocksdbSettings,
		SyncsOnDemand: true,

		Open: rocksdb.Open,
	},
	{
		Name:         "rocksdb-pessimistic",
		Summary:      "RocksDB as a TransactionDB: writes lock their keys",
		Module:       rocksdb.Module,
		Durabilities: rocksdbDurabilities,
		Isolations: map[kv.Isolation]string{
			kv.SnapshotIsolation: "TransactionDB, set_snapshot: keys are locked and compared as they are written",
		},
		Settings:      rocksdbSettings,
		SyncsOnDemand: true,

		Open: rocksdb.OpenPessimistic,
	},
}

var rocksdbDurabilities = map[kv.Durability]string{
	kv.Volatile: "disableWAL=true",
	kv.Buffered: "the default: manual_wal_flush=false",
	kv.Synced:   "sync=true",
}

var rocksdbSettings = map[string]string{
	"compression": "none", "bloom": "10 bits", "blocks": "16 KiB, index and filter blocks in the cache",
	"level bytes": "dynamic", "background jobs": "up to 4",
}

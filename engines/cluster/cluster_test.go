package cluster_test

import (
	"testing"

	"lsmlab/engines/cluster"
	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/lsm"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/variants"
)

func opener(table memtable.Factory) func(dir string) (kv.Engine, error) {
	return func(dir string) (kv.Engine, error) {
		o := lsm.Options{MemTable: table, MemTableSize: 8 << 20, CacheSize: 8 << 20}
		return lsm.Open(dir, o)
	}
}

func options(members int, level kv.Durability) cluster.Options {
	return cluster.Options{Members: members, Open: opener(nil), Log: level, State: kv.Volatile}
}

func harness(o cluster.Options) kvtest.Harness {
	return kvtest.Harness{
		Open:         func(dir string) (kv.Engine, error) { return cluster.Open(dir, o) },
		MaxBatchSize: cluster.MaxBatchSize,
	}
}

// TestEngine runs the conformance suite over each MemTable.
func TestEngine(t *testing.T) {
	for _, v := range variants.All() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			o := options(3, kv.Buffered)
			o.Open = opener(v.New)
			kvtest.Run(t, harness(o))
		})
	}
}

package cluster_test

import (
	"strings"
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
		db, err := lsm.Open(dir, lsm.Options{MemTable: table, MemTableSize: 8 << 20, CacheSize: 8 << 20})
		if err != nil {
			return nil, err // not db: a nil *lsm.DB in a kv.Engine is not nil
		}
		return db, nil
	}
}

func options(members int, level kv.Durability) cluster.Options {
	return cluster.Options{Members: members, Open: opener(nil), Log: level, State: kv.Volatile}
}

func harness(o cluster.Options) kvtest.Harness {
	return kvtest.Harness{
		Open: func(dir string) (kv.Engine, error) {
			e, err := cluster.Open(dir, o)
			if err != nil {
				return nil, err
			}
			return e, nil
		},
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

// TestForms runs its cases of life and reads in the other forms that a store may have.
func TestForms(t *testing.T) {
	alone, five, lease := options(1, kv.Buffered), options(5, kv.Synced), options(3, kv.Synced)
	lease.LeaseReads = true
	for name, o := range map[string]cluster.Options{"one": alone, "five": five, "lease": lease} {
		t.Run(name, func(t *testing.T) {
			for _, c := range kvtest.Cases() {
				for _, part := range []string{"Durability", "Close", "Reopen", "Scan", "Snapshot", "Concurrent"} {
					if strings.HasPrefix(c.Name, part) {
						t.Run(c.Name, func(t *testing.T) { c.Run(t, harness(o)) })
					}
				}
			}
		})
	}
}

func TestRandom(t *testing.T) { kvtest.Random(t, harness(options(3, kv.Buffered))) }
func FuzzEngine(f *testing.F) { kvtest.Fuzz(f, harness(options(1, kv.Buffered))) }

package jump_test

import (
	"fmt"
	"testing"

	"lsmlab/engines/cluster/jump"
	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/lsm"
)

func openShard(dir string) (kv.Engine, error) {
	db, err := lsm.Open(dir, lsm.Options{MemTableSize: 8 << 20, CacheSize: 8 << 20})
	if err != nil {
		return nil, err // not db: a nil *lsm.DB in a kv.Engine is not nil
	}
	return db, nil
}

func harness(shards int) kvtest.Harness {
	return kvtest.Harness{Open: func(dir string) (kv.Engine, error) {
		e, err := jump.Open(dir, jump.Options{Shards: shards, Open: openShard, Levels: []kv.Durability{kv.Volatile, kv.Buffered, kv.Synced}})
		if err != nil {
			return nil, err
		}
		return e, nil
	}}
}

// TestEngine runs the conformance suite over stores of several sizes.
func TestEngine(t *testing.T) {
	for _, shards := range []int{1, 4, 7} {
		t.Run(fmt.Sprint(shards), func(t *testing.T) { kvtest.Run(t, harness(shards)) })
	}
}

func TestRandom(t *testing.T) { kvtest.Random(t, harness(3)) }
func FuzzEngine(f *testing.F) { kvtest.Fuzz(f, harness(3)) }

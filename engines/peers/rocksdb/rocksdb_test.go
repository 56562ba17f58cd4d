//go:build rocksdb

package rocksdb

import (
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/peers"
)

// Small tables make the short tests flush and compact.
func small(transactions bool) peers.Options {
	return peers.Options{CacheSize: 8 << 20, MemTableSize: 256 << 10, Transactions: transactions}
}

var plainHarness = kvtest.Harness{Open: func(dir string) (kv.Engine, error) { return Open(dir, small(false)) }}

var optimistic = kvtest.Harness{
	Open:           func(dir string) (kv.Engine, error) { return Open(dir, small(true)) },
	FalseConflicts: "memtables that reach back to the snapshot may be gone (Try again)",
}

var pessimistic = kvtest.Harness{
	Open:        func(dir string) (kv.Engine, error) { return OpenPessimistic(dir, small(true)) },
	WritersWait: true,
}

func TestEngine(t *testing.T) { kvtest.Run(t, plainHarness) }
func TestRandom(t *testing.T) { kvtest.Random(t, plainHarness) }
func FuzzEngine(f *testing.F) { kvtest.Fuzz(f, plainHarness) }

func TestOptimistic(t *testing.T)       { kvtest.Run(t, optimistic) }
func TestOptimisticRandom(t *testing.T) { kvtest.Random(t, optimistic) }

func TestPessimistic(t *testing.T)       { kvtest.Run(t, pessimistic) }
func TestPessimisticRandom(t *testing.T) { kvtest.Random(t, pessimistic) }

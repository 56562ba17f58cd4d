package badger

import (
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/peers"
)

func harness(d kv.Durability) kvtest.Harness {
	const memTable = 32 << 20
	return kvtest.Harness{
		Open: func(dir string) (kv.Engine, error) {
			return Open(dir, peers.Options{MemTableSize: memTable, Durability: d, Transactions: true})
		},
		MaxBatchSize:   memTable * 15 / 100,
		FalseConflicts: "an iterator counts as read what it is asked to seek, and the key above its range that ends it",
		Known: map[string]string{
			kvtest.Phantoms: "a scan counts as read the keys that it returned, not its range (dgraph-io/badger issue 2057)",
		},
	}
}

func TestBuffered(t *testing.T) { kvtest.Run(t, harness(kv.Buffered)) }
func TestRandom(t *testing.T)   { kvtest.Random(t, harness(kv.Buffered)) }
func FuzzEngine(f *testing.F)   { kvtest.Fuzz(f, harness(kv.Buffered)) }

// TestSynced runs the tests of durability at the other level.
func TestSynced(t *testing.T) {
	for _, c := range kvtest.Cases() {
		if strings.HasPrefix(c.Name, "Durability") || strings.HasPrefix(c.Name, "Close") || c.Name == "Reopen" {
			t.Run(c.Name, func(t *testing.T) { c.Run(t, harness(kv.Synced)) })
		}
	}
}

//go:build rocksdb

package rocksdb

import (
	"errors"
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
	PlainSlips:     "the check of a commit holds off other transactions, not plain writes (RocksDB's issue 10663)",
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

// BenchmarkPlainBeside counts how often a transaction commits over a plain write that it did
// not see, which snapshot isolation forbids:
//
//	go test -tags rocksdb ./engines/peers/rocksdb -run '^$' -bench PlainBeside -benchtime 100000x
func BenchmarkPlainBeside(b *testing.B) {
	for name, h := range map[string]kvtest.Harness{"optimistic": optimistic, "pessimistic": pessimistic} {
		b.Run(name, func(b *testing.B) {
			e, err := h.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			committed, slipped, err := kvtest.PlainBeside(e, kv.SnapshotIsolation, kv.Buffered, b.N)
			if err := errors.Join(err, e.Close()); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(committed), "committed")
			b.ReportMetric(float64(slipped), "slipped")
		})
	}
}

package lsm

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/memtable/bptree"
	"lsmlab/engines/lsm/wal"
)

// BenchmarkWriters has goroutines write random keys at the buffered durability level at once:
// what they lose by waiting for each other shows as ns/op that rise with their
// number, as long as there are processors for them.
func BenchmarkWriters(b *testing.B) {
	for _, writers := range []int{1, 2, 4, 16} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			db, err := Open(b.TempDir(), Options{MemTable: bptree.New, WALWrite: wal.Mapped})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			value := make([]byte, 100)
			var wg sync.WaitGroup
			b.ResetTimer()
			for w := range writers {
				wg.Go(func() {
					rng := rand.New(rand.NewPCG(1, uint64(w)))
					var batch kv.Batch
					key := make([]byte, 16)
					for range b.N / writers {
						binary.BigEndian.PutUint64(key, rng.Uint64N(1_000_000))
						batch.Reset()
						batch.Set(key, value)
						if err := db.Apply(&batch, kv.Buffered); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
		})
	}
}

// BenchmarkReaders has goroutines read random keys of a compacted store at once:
// what they lose to shared counters shows as ns/op that do not fall with their
// number, as long as there are processors for them.
func BenchmarkReaders(b *testing.B) {
	const keys = 1_000_000
	db := compactedStore(b, keys)
	for _, readers := range []int{1, 2, 4, 16} {
		b.Run(fmt.Sprint(readers), func(b *testing.B) {
			var wg sync.WaitGroup
			for r := range readers {
				wg.Go(func() {
					rng := rand.New(rand.NewPCG(1, uint64(r)))
					var key [16]byte
					var value []byte
					for range b.N / readers {
						binary.BigEndian.PutUint64(key[:], rng.Uint64N(keys))
						var err error
						if value, err = db.Get(value[:0], key[:]); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

package lsm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/memtable/bptree"
	"lsmlab/engines/lsm/wal"
)

// BenchmarkTxn has goroutines run transactions that read two random keys of a million and
// write both, at the buffered durability level, and, as "apply", plain batches of two
// writes: beside no transaction, and beside an open one, for which they leave their keys in
// the ring. What transactions cost is the difference, less the reads.
func BenchmarkTxn(b *testing.B) {
	const keys = 1_000_000
	db := compactedStore(b, keys)
	value := make([]byte, 100)
	run := func(b *testing.B, goroutines int, once func(one, two []byte) error) {
		var conflicts atomic.Int64
		var wg sync.WaitGroup
		b.ResetTimer()
		for g := range goroutines {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(1, uint64(g)))
				var one, two [16]byte
				for range b.N / goroutines {
					binary.BigEndian.PutUint64(one[:], rng.Uint64N(keys))
					binary.BigEndian.PutUint64(two[:], rng.Uint64N(keys))
					if err := once(one[:], two[:]); errors.Is(err, kv.ErrConflict) {
						conflicts.Add(1)
					} else if err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		b.ReportMetric(float64(conflicts.Load())/float64(b.N), "conflicts/op")
	}
	for _, goroutines := range []int{1, 4, 16} {
		for _, level := range kv.Isolations() {
			b.Run(fmt.Sprintf("%v/%d", level, goroutines), func(b *testing.B) {
				b.ReportAllocs()
				run(b, goroutines, func(one, two []byte) error { return readAndSet(db, level, value, one, two) })
			})
		}
		apply := func(b *testing.B) {
			b.ReportAllocs()
			batches := sync.Pool{New: func() any { return new(kv.Batch) }}
			run(b, goroutines, func(one, two []byte) error {
				batch := batches.Get().(*kv.Batch)
				defer batches.Put(batch)
				batch.Reset()
				batch.Set(one, value)
				batch.Set(two, value)
				return db.Apply(batch, kv.Buffered)
			})
		}
		b.Run(fmt.Sprintf("apply/%d", goroutines), apply)
		b.Run(fmt.Sprintf("apply beside one/%d", goroutines), func(b *testing.B) {
			tx, err := db.Begin(kv.TxnOptions{})
			if err != nil {
				b.Fatal(err)
			}
			defer tx.Discard()
			apply(b)
		})
	}
}

func readAndSet(db *DB, level kv.Isolation, value []byte, keys ...[]byte) error {
	tx, err := db.Begin(kv.TxnOptions{Isolation: level})
	if err != nil {
		return err
	}
	defer tx.Discard()
	var buffer [128]byte
	for _, key := range keys {
		if _, err := tx.Get(buffer[:0], key); err != nil {
			return err
		}
		if err := tx.Set(key, value); err != nil {
			return err
		}
	}
	return tx.Commit(kv.Buffered)
}

// BenchmarkSnapshot opens and closes a snapshot beside others that stay open: their
// number must not show.
func BenchmarkSnapshot(b *testing.B) {
	for _, open := range []int{0, 100_000} {
		b.Run(fmt.Sprint(open), func(b *testing.B) {
			db, err := Open(b.TempDir(), Options{MemTable: bptree.New, WALWrite: wal.Mapped})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			for range open {
				s, err := db.Snapshot()
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
			}
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					s, err := db.Snapshot()
					if err == nil {
						err = s.Close()
					}
					if err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

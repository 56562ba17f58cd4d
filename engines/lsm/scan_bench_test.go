package lsm

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/memtable/bptree"
	"lsmlab/engines/lsm/wal"
)

// BenchmarkScan walks a compacted store of a million keys of 16 bytes with values
// of 100: over all of it, and 50 entries on from a random key, upwards and downwards.
// Walks over all are per entry, others per scan.
func BenchmarkScan(b *testing.B) {
	const keys = 1_000_000
	db := compactedStore(b, keys)
	rng := rand.New(rand.NewPCG(1, 1))
	key := make([]byte, 16)
	b.Run("all", func(b *testing.B) {
		it := db.Scan(nil, nil)
		for b.Loop() {
			if !it.Next() {
				_ = it.Close()
				it = db.Scan(nil, nil)
			}
			_, _ = it.Key(), it.Value()
		}
		_ = it.Close()
	})
	b.Run("seek", func(b *testing.B) {
		for b.Loop() {
			binary.BigEndian.PutUint64(key, rng.Uint64N(keys))
			it := db.Scan(key, nil)
			for range 51 {
				if !it.Next() {
					break
				}
				_, _ = it.Key(), it.Value()
			}
			_ = it.Close()
		}
	})
	b.Run("all downwards", func(b *testing.B) {
		it := db.ScanReverse(nil, nil)
		for b.Loop() {
			if !it.Prev() {
				_ = it.Close()
				it = db.ScanReverse(nil, nil)
			}
			_, _ = it.Key(), it.Value()
		}
		_ = it.Close()
	})
	b.Run("seek downwards", func(b *testing.B) {
		for b.Loop() {
			binary.BigEndian.PutUint64(key, rng.Uint64N(keys))
			it := db.ScanReverse(nil, key)
			for range 51 {
				if !it.Prev() {
					break
				}
				_, _ = it.Key(), it.Value()
			}
			_ = it.Close()
		}
	})
}

// compactedStore returns a store that b closes, with keys from 0 on, as 16 bytes
// that begin with the number, and values of 100 bytes, all in the deepest level.
func compactedStore(b *testing.B, keys int) *DB {
	db, err := Open(b.TempDir(), Options{MemTable: bptree.New, WALWrite: wal.Mapped})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	key, value := make([]byte, 16), make([]byte, 100)
	var batch kv.Batch
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(keys) {
		binary.BigEndian.PutUint64(key, uint64(i))
		batch.Reset()
		batch.Set(key, value)
		if err := db.Apply(&batch, kv.Buffered); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Compact(); err != nil {
		b.Fatal(err)
	}
	return db
}

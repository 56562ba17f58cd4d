package cluster_test

import (
	"encoding/binary"
	"sync/atomic"
	"testing"

	"lsmlab/engines/cluster"
	"lsmlab/engines/kv"
)

// BenchmarkApply writes from 64 goroutines a processor.
func BenchmarkApply(b *testing.B) {
	for _, level := range []kv.Durability{kv.Buffered, kv.Synced} {
		b.Run(level.String(), func(b *testing.B) {
			e, err := cluster.Open(b.TempDir(), options(3, level))
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			var n atomic.Uint64
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				var batch kv.Batch
				for pb.Next() {
					batch.Reset()
					batch.Set(binary.BigEndian.AppendUint64(nil, n.Add(1)), make([]byte, 100))
					if err := e.Apply(&batch, level); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkGet reads from 64 goroutines a processor, by each way and from the bare engine.
func BenchmarkGet(b *testing.B) {
	lease := options(3, kv.Buffered)
	lease.LeaseReads = true
	for _, c := range []struct {
		name string
		open func(dir string) (kv.Engine, error)
	}{
		{"bare", opener(nil)},
		{"readindex", harness(options(3, kv.Buffered)).Open},
		{"lease", harness(lease).Open},
	} {
		b.Run(c.name, func(b *testing.B) {
			e, err := c.open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			const keys = 10_000
			var batch kv.Batch
			for n := range uint64(keys) {
				batch.Set(binary.BigEndian.AppendUint64(nil, n), make([]byte, 100))
			}
			if err := e.Apply(&batch, kv.Buffered); err != nil {
				b.Fatal(err)
			}
			var n atomic.Uint64
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				var value, key []byte
				for x := n.Add(1) << 20; pb.Next(); x++ {
					key = binary.BigEndian.AppendUint64(key[:0], x*0x9e3779b97f4a7c15>>40%keys)
					var err error
					if value, err = e.Get(value[:0], key); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

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

package engines

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"lsmlab/engines/kv"
)

// BenchmarkDurableReads tells what durable reads cost: point reads by one goroutine,
// alone and beside goroutines that write synced, without and with the option. It
// reports the writes too, a read.
func BenchmarkDurableReads(b *testing.B) {
	const keys = 100_000
	key := func(n int) []byte { return fmt.Appendf(nil, "key%09d", n) }
	for _, name := range []string{"lsm-bptree", "pebble", "goleveldb", "bbolt", "badger"} {
		for _, writers := range []int{0, 8} {
			for _, durable := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/writers=%d/durable=%v", name, writers, durable), func(b *testing.B) {
					e, err := Open(name, b.TempDir(), Options{Durability: kv.Synced, DurableReads: durable})
					if err != nil {
						b.Fatal(err)
					}
					var batch kv.Batch
					for n := range keys {
						batch.Set(key(n), make([]byte, 100))
						if n%1000 == 999 {
							if err := e.Apply(&batch, kv.Synced); err != nil {
								b.Fatal(err)
							}
							batch.Reset()
						}
					}
					stop := make(chan struct{})
					var writing sync.WaitGroup
					var written [8]int
					for w := range writers {
						writing.Go(func() {
							for {
								select {
								case <-stop:
									return
								default:
								}
								var batch kv.Batch
								batch.Set(key(rand.IntN(keys)), make([]byte, 100))
								if err := e.Apply(&batch, kv.Synced); err != nil {
									b.Error(err)
									return
								}
								written[w]++
							}
						})
					}
					var dst []byte
					for b.Loop() {
						if dst, err = e.Get(dst[:0], key(rand.IntN(keys))); err != nil {
							b.Fatal(err)
						}
					}
					close(stop)
					writing.Wait()
					total := 0
					for _, n := range written {
						total += n
					}
					b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "writes/s")
					if err := e.Close(); err != nil {
						b.Fatal(err)
					}
				})
			}
		}
	}
}

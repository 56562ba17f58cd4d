package wal

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// benchSize is the bytes of operations in a record of the benchmarks.
const benchSize = 140

func benchLog(b *testing.B, o Options) *Writer {
	b.Chdir(b.TempDir())
	o.FS = vfs.OS
	w, _, _ := openLog(b, o, 0)
	b.Cleanup(func() {
		if err := w.Close(); err != nil {
			b.Error(err)
		}
	})
	return w
}

// benchCommit appends b.N records and commits each at a durability level, from a number of
// goroutines. Segments are let go as a store would that flushes each 16 MiB.
func benchCommit(b *testing.B, o Options, d kv.Durability, goroutines int) {
	w := benchLog(b, o)
	ops, next := make([]byte, benchSize), ikey.Seq(0)
	var (
		commit sync.Mutex
		wait   sync.WaitGroup
	)
	b.ReportAllocs()
	b.SetBytes(benchSize)
	b.ResetTimer()
	for range goroutines {
		wait.Go(func() {
			for {
				commit.Lock()
				if next == ikey.Seq(b.N) {
					commit.Unlock()
					return
				}
				next++
				mine := next
				err := w.Append(mine, 1, ops)
				commit.Unlock()
				if err == nil {
					err = w.Commit(mine, d)
				}
				if err == nil && mine%100_000 == 0 {
					err = w.Obsolete(mine)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	b.StopTimer()
	if m := w.Metrics(); d == kv.Synced {
		b.ReportMetric(float64(m.Records)/float64(m.Syncs), "records/sync")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkBuffered(b *testing.B) {
	for _, m := range []WriteMethod{Positioned, Mapped} {
		for _, goroutines := range []int{1, 8} {
			b.Run(fmt.Sprintf("%s/goroutines=%d", m, goroutines), func(b *testing.B) {
				benchCommit(b, Options{Write: m}, kv.Buffered, goroutines)
			})
		}
	}
}

func BenchmarkVolatile(b *testing.B) {
	benchCommit(b, Options{}, kv.Volatile, 1)
}

func BenchmarkSynced(b *testing.B) {
	for _, o := range []Options{{}, {Sync: FSync}, {Sync: ODSync}, {Write: Mapped}} {
		for _, goroutines := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/goroutines=%d", o.label(), goroutines), func(b *testing.B) {
				benchCommit(b, o, kv.Synced, goroutines)
			})
		}
	}
}

// BenchmarkScan reads a full segment of the default size.
func BenchmarkScan(b *testing.B) {
	data := make([]byte, 16<<20)
	l := newLayout(1, 1<<epochBits+1)
	l.putHeader(data, header{})
	at, seq := headerSize, ikey.Seq(0)
	ops := make([]byte, benchSize)
	for at+recordSize+len(ops) <= len(data) {
		seq++
		l.putRecord(data[at:], int64(at), seq, 1, 0, ops)
		at += recordSize + len(ops)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		s, n := scanner{layout: l, data: data, off: headerSize}, ikey.Seq(0)
		for _, _, ok := s.next(); ok; _, _, ok = s.next() {
			n++
		}
		if n != seq {
			b.Fatalf("%d records, want %d", n, seq)
		}
	}
}

// BenchmarkHostileScan searches 80 MiB, as many as the default pool holds, in which no
// record is: bytes that were chosen to look like records wherever they can.
func BenchmarkHostileScan(b *testing.B) {
	l := newLayout(1, 1<<epochBits+1)
	random := rand.New(rand.NewPCG(1, 2))
	for name, fill := range map[string]func(segment []byte){
		"random": func(segment []byte) {
			for at := 0; at+8 <= len(segment); at += 8 {
				binary.LittleEndian.PutUint64(segment[at:], random.Uint64())
			}
		},
		"heads": func(segment []byte) { // of records that reach to the end, without the secret
			for at := 0; at+recordSize <= len(segment); at += recordSize {
				newLayout(2, l.number).putFixed(segment[at:], int64(at), ikey.Seq(at+1), 1, 0, segment[at+recordSize:])
			}
		},
		"lengths": func(segment []byte) { // a small number at each fourth byte
			for at := 0; at < len(segment); at += 4 {
				segment[at] = 200
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			segment := make([]byte, 16<<20)
			fill(segment)
			b.SetBytes(5 * int64(len(segment)))
			for b.Loop() {
				for range 5 {
					s := scanner{layout: l, data: segment, off: headerSize}
					if _, _, ok := s.search(); ok || s.hashed > 0 {
						b.Fatalf("a record was found, or %d bytes were hashed", s.hashed)
					}
				}
			}
		})
	}
}

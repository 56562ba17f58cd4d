package sstable

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// The benchmark table: 1M keys of 16 B in random order of LSNs, 100 B values.
const benchKeys = 1 << 20

var benchModel = sync.OnceValue(func() []kvs {
	rng := rand.New(rand.NewPCG(1, 2))
	value := make([]byte, 100)
	for i := range value {
		value[i] = byte('a' + i%16)
	}
	keys := make([]byte, 16*benchKeys)
	model := make([]kvs, benchKeys)
	for i, seq := range rng.Perm(benchKeys) {
		k := keys[16*i : 16*i+16]
		binary.BigEndian.PutUint64(k, rng.Uint64())
		binary.BigEndian.PutUint64(k[8:], rng.Uint64())
		model[i] = kvs{ikey.New(k, ikey.Seq(seq+1), ikey.Set), value}
	}
	sortModel(model)
	ordered := make([]byte, 0, len(keys))
	for i := range model { // in a row, as a MemTable's or a table's
		ordered = append(ordered, model[i].key.User...)
		model[i].key.User = ordered[16*i:]
	}
	return model
})

// userModel has keys such as user000000001234: eight digits and more alike.
var userModel = sync.OnceValue(func() []kvs {
	model := slices.Clone(benchModel())
	for i := range model {
		model[i].key.User = fmt.Appendf(nil, "user%012d", i*977)
	}
	return model
})

var benchModels = []struct {
	name  string
	model func() []kvs
}{{"random", benchModel}, {"user", userModel}}

// queries returns keys of the model in random order, laid out in a row, so that
// fetching a query costs no cache miss of its own.
func queries(model []kvs) [][]byte {
	rng := rand.New(rand.NewPCG(3, 4))
	all := make([]byte, 0, 16<<18)
	list := make([][]byte, 1<<18)
	for i := range list {
		start := len(all)
		all = append(all, model[rng.IntN(len(model))].key.User...)
		list[i] = all[start:]
	}
	return list
}

// cpuTime reports the processor time of an operation beside the elapsed time,
// which on a machine shared with others says little. It is called at the start
// and gives what to call at the end.
func cpuTime(b *testing.B) func() {
	start := cpuNow()
	return func() { b.ReportMetric(float64(cpuNow()-start)/float64(b.N), "cpu-ns/op") }
}

func cpuNow() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// forTables runs f on the benchmark table of each key shape, mapped.
func forTables(b *testing.B, f func(b *testing.B, r *Reader, model []kvs)) {
	for _, m := range benchModels {
		b.Run(m.name, func(b *testing.B) {
			name := filepath.Join(b.TempDir(), "t.sst")
			writeTable(b, vfs.OS, name, WriterOptions{}, m.model())
			r := openTable(b, vfs.OS, name, ReaderOptions{})
			if err := r.touch(); err != nil {
				b.Fatal(err)
			}
			f(b, r, m.model())
		})
	}
}

// touch loads every block once, so that checksums are not what is measured.
func (r *Reader) touch() error {
	var it Iter
	r.InitIter(&it)
	for it.Next() {
	}
	return it.Close()
}

func BenchmarkGetHit(b *testing.B) {
	forTables(b, func(b *testing.B, r *Reader, model []kvs) {
		keys, i := queries(model), 0
		var dst []byte
		b.ReportAllocs()
		defer cpuTime(b)()
		for b.Loop() {
			i++
			k := keys[i%len(keys)]
			if !r.MayContain(Hash(k)) {
				b.Fatal("filter lost a key")
			}
			var found bool
			var err error
			if dst, _, found, err = r.Get(dst[:0], k, ikey.MaxSeq); !found || err != nil {
				b.Fatal(found, err)
			}
		}
	})
}

func BenchmarkMayContainMiss(b *testing.B) {
	forTables(b, func(b *testing.B, r *Reader, model []kvs) {
		rng := rand.New(rand.NewPCG(3, 4))
		k := make([]byte, 16)
		maybe := 0
		b.ReportAllocs()
		defer cpuTime(b)()
		for b.Loop() {
			binary.BigEndian.PutUint64(k, rng.Uint64())
			if r.MayContain(Hash(k)) {
				maybe++
			}
		}
		b.ReportMetric(float64(maybe)/float64(b.N)*100, "%maybe")
	})
}

func BenchmarkScan(b *testing.B) {
	forTables(b, func(b *testing.B, r *Reader, model []kvs) {
		var it Iter
		r.InitIter(&it)
		b.ReportAllocs()
		defer cpuTime(b)()
		for b.Loop() {
			if !it.Next() {
				r.InitIter(&it)
				it.First()
			}
		}
	})
}

func BenchmarkSeekGE(b *testing.B) {
	forTables(b, func(b *testing.B, r *Reader, model []kvs) {
		keys, i := queries(model), 0
		var it Iter
		b.ReportAllocs()
		defer cpuTime(b)()
		for b.Loop() {
			i++
			k := keys[i%len(keys)]
			r.InitIter(&it)
			if !it.SeekGE(ikey.SeekKey(k, ikey.MaxSeq)) || !bytes.Equal(it.Key().User, k) {
				b.Fatal(it.Close())
			}
		}
	})
}

// BenchmarkRange seeks and reads 50 entries, values too: one operation is all of
// them.
func BenchmarkRange(b *testing.B) {
	forTables(b, func(b *testing.B, r *Reader, model []kvs) {
		keys, i := queries(model), 0
		var it Iter
		var sum byte
		b.ReportAllocs()
		defer cpuTime(b)()
		for b.Loop() {
			i++
			r.InitIter(&it)
			ok := it.SeekGE(ikey.SeekKey(keys[i%len(keys)], ikey.MaxSeq))
			for n := 0; n < 50 && ok; n++ {
				v := it.Value()
				sum += v[0] + v[len(v)-1]
				ok = it.Next()
			}
		}
		if err := it.Close(); err != nil {
			b.Fatal(err, sum)
		}
	})
}

func BenchmarkIndexFind(b *testing.B) {
	forTables(b, func(b *testing.B, r *Reader, model []kvs) {
		keys, i := queries(model), 0
		defer cpuTime(b)()
		for b.Loop() {
			i++
			r.index.find(keys[i%len(keys)], 0xff)
		}
	})
}

// nullFile swallows writes.
type nullFile struct{ vfs.File }

func (nullFile) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }
func (nullFile) Sync() error                            { return nil }

func BenchmarkWriterAdd(b *testing.B) {
	for _, m := range benchModels {
		for _, c := range []Compression{None, Zstd} {
			b.Run(m.name+"/"+c.String(), func(b *testing.B) {
				model := m.model()
				i := 0
				var w *Writer
				finish := func() {
					if w != nil {
						if _, err := w.Finish(); err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportAllocs()
				defer cpuTime(b)()
				for b.Loop() {
					if i%len(model) == 0 {
						finish()
						i, w = 0, NewWriter(nullFile{}, "null", WriterOptions{Compression: c})
					}
					if err := w.Add(model[i].key, model[i].value); err != nil {
						b.Fatal(err)
					}
					i++
				}
				finish()
			})
		}
	}
}

// BenchmarkMachine is the time of one dependent random load from as much memory
// as the table has: what the others are to be measured against.
func BenchmarkMachine(b *testing.B) {
	next := make([]uint32, 128<<20/4)
	for i := range next {
		next[i] = uint32(i)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for i := len(next) - 1; i > 0; i-- { // Sattolo: one cycle
		j := rng.IntN(i)
		next[i], next[j] = next[j], next[i]
	}
	at := uint32(0)
	defer cpuTime(b)()
	for b.Loop() {
		at = next[at]
	}
}

// BenchmarkScanCached walks over a table that fits in the second level cache:
// what decoding costs without memory.
func BenchmarkScanCached(b *testing.B) {
	for _, m := range benchModels {
		b.Run(m.name, func(b *testing.B) {
			r, err := Open(&bytesFile{data: tableBytes(b, WriterOptions{}, m.model()[:4096])}, "t", ReaderOptions{})
			if err != nil {
				b.Fatal(err)
			}
			var it Iter
			r.InitIter(&it)
			defer cpuTime(b)()
			for b.Loop() {
				if !it.Next() {
					r.InitIter(&it)
					it.First()
				}
			}
		})
	}
}

// BenchmarkGetCached searches a table that fits in the second level cache.
func BenchmarkGetCached(b *testing.B) {
	for _, m := range benchModels {
		b.Run(m.name, func(b *testing.B) {
			model := m.model()[:4096]
			r, err := Open(&bytesFile{data: tableBytes(b, WriterOptions{}, model)}, "t", ReaderOptions{})
			if err != nil {
				b.Fatal(err)
			}
			keys, i := queries(model), 0
			var dst []byte
			defer cpuTime(b)()
			for b.Loop() {
				i++
				dst, _, _, _ = r.Get(dst[:0], keys[i%len(keys)], ikey.MaxSeq)
			}
		})
	}
}

// BenchmarkGuard is what turning a fault into an error costs a call.
func BenchmarkGuard(b *testing.B) {
	guarded := func() (err error) {
		defer vfs.CatchFault(debug.SetPanicOnFault(true), "", &err)
		return nil
	}
	defer cpuTime(b)()
	for b.Loop() {
		if err := guarded(); err != nil {
			b.Fatal(err)
		}
	}
}

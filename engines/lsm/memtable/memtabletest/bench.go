package memtabletest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
)

// benchEntries is how many entries a measured table holds. Each has a key of 16 bytes
// and a value of 100, as in db_bench. One iteration of a benchmark is one pass over all
// entries. ns/op is for each entry, of all goroutines together.
const benchEntries = 1_000_000

// Contestant is a table in a race.
type Contestant struct {
	Name string
	New  memtable.Factory
}

// Bench measures one table; see Race. `lsmlab bench --memtables` measures public tables
// of the same purpose beside it.
func Bench(b *testing.B, fac memtable.Factory) { Race(b, []Contestant{{New: fac}}) }

// Race measures tables side by side. Contestants take turns within each test, so that
// all suffer from changes of the machine alike. For intervals, repeat whole runs:
//
//	for i in 1 2 3 4 5; do go test -run '^$' -bench . -benchtime 1x; done
//
// Besides ns/op it reports three figures. cpu-ns/op is the processor time of all
// goroutines together, which says more on a machine that others use too. bytes/entry
// comes from Size. gc-cycle-ns is the median of runtime.GC while a full table is live.
func Race(b *testing.B, contestants []Contestant) {
	for _, s := range keyShapes {
		race{shape: s, contestants: contestants, full: make([]memtable.MemTable, len(contestants))}.run(b)
	}
}

// keyShape makes keys of 16 bytes. ordered(i) rises with i. scattered maps the entries
// one to one to keys in no order.
type keyShape struct {
	name      string
	ordered   func(dst []byte, i int)
	scattered func(dst []byte, i int)
}

var benchOrder = sync.OnceValue(func() []int32 {
	order := make([]int32, benchEntries)
	for i := range order {
		order[i] = int32(i)
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
})

var keyShapes = []keyShape{
	{ // db_bench: 8 bytes big-endian, then padding
		name:      "keys=binary",
		ordered:   binaryKey,
		scattered: func(dst []byte, i int) { binaryKey(dst, int(benchOrder()[i])) },
	},
	{ // YCSB: "user" and a decimal number, hashed or in order
		name:    "keys=user",
		ordered: func(dst []byte, i int) { userKey(dst, uint64(i)) },
		scattered: func(dst []byte, i int) {
			// Times an odd number is one-to-one modulo 2^39, which is below 10^12.
			userKey(dst, uint64(benchOrder()[i])*0x9e3779b97f4a7c15%(1<<39))
		},
	},
}

func binaryKey(dst []byte, i int) {
	binary.BigEndian.PutUint64(dst, uint64(i))
	copy(dst[8:], "00000000")
}

func userKey(dst []byte, n uint64) {
	copy(dst, "user")
	for i := 15; i >= 4; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
}

type race struct {
	shape       keyShape
	contestants []Contestant
	full        []memtable.MemTable // by contestant, for tests that only read
}

func (r race) run(b *testing.B) {
	for _, test := range []struct {
		name string
		run  func(b *testing.B, contestant, goroutines int)
	}{
		{"insert-random", func(b *testing.B, c, g int) { r.insert(b, c, g, r.shape.scattered) }},
		{"insert-seq", func(b *testing.B, c, g int) { r.insert(b, c, g, r.shape.ordered) }},
		{"mixed", r.mixed},
		{"get-hit", func(b *testing.B, c, g int) { r.get(b, c, g, true) }},
		{"get-miss", func(b *testing.B, c, g int) { r.get(b, c, g, false) }},
		{"walk", r.walk},
	} {
		for _, goroutines := range []int{1, 2} {
			for i, c := range r.contestants {
				name := fmt.Sprintf("%s/%s/goroutines=%d", test.name, r.shape.name, goroutines)
				if c.Name != "" {
					name += "/table=" + c.Name
				}
				b.Run(name, func(b *testing.B) { test.run(b, i, goroutines) })
			}
		}
	}
	for _, mt := range r.full {
		if mt != nil {
			mt.Release()
		}
	}
}

func (r race) newTable(contestant int) memtable.MemTable {
	return r.contestants[contestant].New(memtable.Options{SizeHint: 64 << 20})
}

// split calls work(i) for every i in [from, to). Goroutine g takes each i whose
// remainder is g.
func split(goroutines, from, to int, work func(g, i int)) {
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := from + g; i < to; i += goroutines {
				work(g, i)
			}
		})
	}
	wg.Wait()
}

// scratch gives each goroutine a key buffer on cache lines of its own.
type scratch [][128]byte

func (s scratch) key(g int) []byte { return s[g][:16] }

// fill inserts entries [from, to).
func fill(mt memtable.MemTable, goroutines, from, to int, key func([]byte, int)) {
	s := make(scratch, goroutines)
	value := valueOf([]byte("benchmark"), 1, 100)
	split(goroutines, from, to, func(g, i int) {
		k := s.key(g)
		key(k, i)
		mt.Add(ikey.New(k, ikey.Seq(i+1), ikey.Set), value)
	})
}

// meter measures what a benchmark does between start and stop, which may be called
// several times.
type meter struct {
	b    *testing.B
	cpu  time.Duration
	from time.Duration
}

// newMeter stops b's timer until start.
func newMeter(b *testing.B) *meter {
	benchOrder()
	b.StopTimer()
	return &meter{b: b}
}

func (m *meter) start() {
	runtime.GC()
	m.from = cpuTime()
	m.b.StartTimer()
}

func (m *meter) stop() {
	m.b.StopTimer()
	m.cpu += cpuTime() - m.from
}

// report replaces ns/op, which is for a whole pass, by the time of one entry.
func (m *meter) report(entries int) {
	per := float64(m.b.N) * float64(entries)
	m.b.ReportMetric(float64(m.b.Elapsed().Nanoseconds())/per, "ns/op")
	m.b.ReportMetric(float64(m.cpu.Nanoseconds())/per, "cpu-ns/op")
}

// cpuTime returns the processor time that this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (r race) insert(b *testing.B, contestant, goroutines int, key func([]byte, int)) {
	m := newMeter(b)
	var size int64
	var gc time.Duration
	for range b.N {
		mt := r.newTable(contestant)
		m.start()
		fill(mt, goroutines, 0, benchEntries, key)
		m.stop()
		size, gc = mt.Size(), gcCycle()
		mt.Release()
	}
	m.report(benchEntries)
	b.ReportMetric(float64(size)/benchEntries, "bytes/entry")
	b.ReportMetric(float64(gc.Nanoseconds()), "gc-cycle-ns")
}

// gcCycle returns the median time of five collections.
func gcCycle() time.Duration {
	times := make([]time.Duration, 5)
	for i := range times {
		start := time.Now()
		runtime.GC()
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// mixed starts with half of the entries and alternates between a Get and an Add.
func (r race) mixed(b *testing.B, contestant, goroutines int) {
	m := newMeter(b)
	value := valueOf([]byte("benchmark"), 1, 100)
	for range b.N {
		mt := r.newTable(contestant)
		fill(mt, goroutines, 0, benchEntries/2, r.shape.scattered)
		s := make(scratch, goroutines)
		m.start()
		split(goroutines, benchEntries/2, benchEntries, func(g, i int) {
			k := s.key(g)
			r.shape.scattered(k, i)
			mt.Add(ikey.New(k, ikey.Seq(i+1), ikey.Set), value)
			r.shape.scattered(k, i-benchEntries/2)
			if _, _, ok := mt.Get(k, ikey.MaxSeq); !ok {
				panic("memtabletest: an added key is not found")
			}
		})
		m.stop()
		mt.Release()
	}
	m.report(benchEntries)
}

// fullTable returns the contestant's table with all entries. It is made once.
func (r race) fullTable(contestant int) memtable.MemTable {
	if r.full[contestant] == nil {
		r.full[contestant] = r.newTable(contestant)
		fill(r.full[contestant], 1, 0, benchEntries, r.shape.scattered)
	}
	return r.full[contestant]
}

// get reads all keys in an order that differs from that of their insertion. A key that
// is missing has neighbours that are present, as in db_bench's readmissing.
func (r race) get(b *testing.B, contestant, goroutines int, hit bool) {
	m := newMeter(b)
	order := benchOrder()
	mt := r.fullTable(contestant)
	s := make(scratch, goroutines)
	m.start()
	for range b.N {
		split(goroutines, 0, benchEntries, func(g, i int) {
			k := s.key(g)
			r.shape.scattered(k, int(order[benchEntries-1-i]))
			if !hit {
				k[15] = '.'
			}
			if _, _, ok := mt.Get(k, ikey.MaxSeq); ok != hit {
				panic(fmt.Sprintf("memtabletest: Get(%q) = %v, want %v", k, ok, hit))
			}
		})
	}
	m.stop()
	m.report(benchEntries)
}

// walk reads all entries in order. Each goroutine reads all of them.
func (r race) walk(b *testing.B, contestant, goroutines int) {
	m := newMeter(b)
	mt := r.fullTable(contestant)
	m.start()
	for range b.N {
		split(goroutines, 0, goroutines, func(_, _ int) {
			it := mt.NewIterator()
			n, size := 0, 0
			for ok := it.First(); ok; ok = it.Next() {
				n++
				size += len(it.Key().User) + len(it.Value())
			}
			if n != benchEntries || size != 116*benchEntries {
				panic(fmt.Sprintf("memtabletest: walk of %d entries, %d bytes", n, size))
			}
			it.Close()
		})
	}
	m.stop()
	m.report(benchEntries * goroutines)
}

package harness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"lsmlab/harness/clock"
	"lsmlab/harness/machine"
	"lsmlab/harness/memrace"
	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// The work of a race of bare MemTables, by the workload names of its cells.
const (
	MemInsert = "memtable-insert" // distinct keys in random order into an empty table
	MemGet    = "memtable-get"    // random keys of a full table
	MemWalk   = "memtable-walk"   // every thread walks all entries in order
	MemMixed  = "memtable-mixed"  // half inserts of new keys, half reads of the half that is there
)

// MemWorkloads are the names in the order of a report.
var MemWorkloads = []string{MemInsert, MemGet, MemWalk, MemMixed}

// Defaults of such a race.
const (
	memKeySize   = 16
	memValueSize = 100
	// ycsbKeySize and longer keys are YCSB's, whose first 8 bytes are all alike;
	// shorter ones are db_bench's, whose first 8 bytes differ: the best case of a
	// table that compares abbreviated keys.
	ycsbKeySize = 24
)

// memRun is one cell of the race. A bare table has no durability, and no engine
// is open: what is measured is the structure alone.
type memRun struct {
	spec    CellSpec
	table   memrace.Map
	keys    []byte // all keys in random order, side by side: no pointers for the collector
	keySize int
	value   []byte
	entries int64
	cell    result.Cell
	recs    []*recorder
}

func runMemCell(ctx context.Context, cat Catalog, spec CellSpec, progress Progress) (result.Cell, error) {
	i := slices.IndexFunc(cat.MemTables, func(t memrace.Table) bool { return t.Name == spec.Engine })
	if i < 0 {
		return result.Cell{}, fmt.Errorf("no memtable %q", spec.Engine)
	}
	r := &memRun{spec: spec, entries: spec.Spec.Keys, keySize: spec.Spec.KeySize, cell: spec.blank(spec.Stage)}
	if r.keySize == 0 {
		r.keySize = memKeySize
	}
	size := max(spec.Spec.ValueSize, 0)
	if spec.Spec.ValueSize == 0 {
		size = memValueSize
	}
	r.cell.KeySize, r.cell.ValueSize = r.keySize, size
	r.cell.Durability = "volatile"
	r.value = workloads.AppendValue(nil, 1, 1, size, 0)
	r.makeKeys()
	for range spec.Spec.Threads {
		rec := newRecorder(1)
		rec.prepare(0)
		r.recs = append(r.recs, rec)
	}
	progress("fill", 0)
	empty := settledMemory()
	r.table = cat.MemTables[i].New(r.entries, r.entries*int64(r.keySize+size))
	defer r.table.Release()
	length, series, err := r.run(ctx, progress)
	if err != nil {
		return result.Cell{}, err
	}
	full := settledMemory()
	r.cell.BytesPerEntry = float64(full-empty) / float64(r.entries)
	r.cell.SizePerEntry = float64(r.table.Size()) / float64(r.entries)
	r.cell.GCCycleNS = gcCycle()
	runtime.KeepAlive(r.table)
	r.cell.Status = result.StatusOK
	var h hist
	for _, rec := range r.recs {
		h.merge(&rec.channels[0])
	}
	r.cell.Latency = h.latency()
	hists := []result.Hist{{Tag: result.HistService, Hist: h.hdr()}}
	return r.cell, writeCellFiles(spec.RunDir, &r.cell, length, hists, series)
}

// makeKeys fills keys with every key once, in an order that follows from the seed.
func (r *memRun) makeKeys() {
	style := workloads.Keys{Style: workloads.DBBench, Size: r.keySize}
	if r.keySize >= ycsbKeySize {
		style.Style = workloads.YCSB
	}
	order := make([]uint32, r.entries)
	for i := range order {
		order[i] = uint32(i)
	}
	rng := rand.New(rand.NewPCG(r.spec.Spec.Seed, 1))
	rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	r.keys = make([]byte, 0, r.entries*int64(r.keySize))
	for _, i := range order {
		r.keys = style.Append(r.keys, uint64(i))
	}
}

func (r *memRun) key(i int64) []byte {
	at := i * int64(r.keySize)
	return r.keys[at : at+int64(r.keySize) : at+int64(r.keySize)]
}

// prefilled is how many of the keys are there before the measured part.
func (r *memRun) prefilled() int64 {
	switch r.spec.Workload {
	case MemInsert:
		return 0
	case MemMixed:
		return r.entries / 2
	}
	return r.entries
}

func (r *memRun) run(ctx context.Context, progress Progress) (time.Duration, []result.Series, error) {
	for i := range r.prefilled() {
		r.table.Insert(r.key(i), r.value, uint64(i+1))
		if i%10_000 == 0 {
			progress("fill", float64(i)/float64(r.entries))
			if err := ctx.Err(); err != nil {
				return 0, nil, err
			}
		}
	}
	progress("measure", 0)
	runtime.GC()
	r.cell.RSSPeakScope = "process"
	if machine.ResetPeakResident() {
		r.cell.RSSPeakScope = "measured"
	}
	c := &cellRun{life: &life{}} // for its readings
	before := c.read()
	start := clock.Start()
	s := startSampler(nil, start.Base())
	length, err := r.drive(start)
	series := s.finish()
	after := c.read()
	if err != nil {
		return 0, nil, err
	}
	r.cell.RSSPeakBytes = machine.PeakResidentBytes()
	r.cell.HeapPeak = max(s.heapPeak, after.runtime.HeapBytes)
	c.cell = r.cell
	c.fillUsage(before, after)
	r.cell = c.cell
	r.cell.Seconds = length.Seconds()
	for _, rec := range r.recs {
		for _, iv := range rec.closed {
			r.cell.Calls += iv.ops
		}
	}
	r.cell.Ops = r.cell.Calls
	if r.spec.Workload == MemWalk {
		r.cell.Ops = r.entries * int64(r.spec.Spec.Threads)
	}
	r.cell.OpsPerSec = float64(r.cell.Ops) / max(r.cell.Seconds, 1e-9)
	ops, p99, _ := timeline(r.recs, length)
	if r.spec.Workload == MemWalk {
		scaleSeries(&ops, walkPart)
	}
	series = append([]result.Series{ops, p99}, series...)
	r.cell.Warnings = append(r.cell.Warnings, warnings(r.cell, series, after.machine.Since(before.machine))...)
	if n := r.cell.MajorFaults; n > memFaults {
		r.cell.Warnings = append(r.cell.Warnings, fmt.Sprintf("major faults: %d pages came back from disk, though all is in memory", n))
	}
	return length, series, ctx.Err()
}

// memFaults are major faults that a race in memory may have without a warning.
const memFaults = 50

func scaleSeries(s *result.Series, factor float64) {
	for i := range s.Values {
		s.Values[i] *= factor
	}
}

// drive runs the measured part on every thread at once.
func (r *memRun) drive(start clock.Clock) (time.Duration, error) {
	threads := int64(len(r.recs))
	ends, errs := make([]time.Duration, threads), make([]error, threads)
	var wg sync.WaitGroup
	for t := range threads {
		wg.Go(func() {
			lap := &lap{rec: r.recs[t], clock: start}
			lap.begin = lap.clock.Now()
			errs[t] = r.work(lap, t, threads)
			ends[t] = time.Duration(lap.begin)
		})
	}
	wg.Wait()
	for _, rec := range r.recs {
		rec.fold()
	}
	return slices.Max(ends), errors.Join(errs...)
}

// lap records what has passed since the end of the operation before: one clock
// reading an operation, as in a drive.
type lap struct {
	rec   *recorder
	clock clock.Clock
	begin int64
}

func (l *lap) next() {
	end := l.clock.Now()
	next := end
	if end >= l.rec.end {
		l.rec.roll(end)
		next = l.clock.Now()
	}
	l.rec.add(0, end-l.begin)
	l.begin = next
}

// walkPart is how many entries of a walk count as one call, so that a clock
// reading does not outweigh a step.
const walkPart = 1000

// work is thread t's part.
func (r *memRun) work(l *lap, t, threads int64) error {
	n := r.entries
	rng := rand.NewPCG(r.spec.Spec.Seed, uint64(t))
	get := func(below int64) error {
		i := int64(rng.Uint64() % uint64(below))
		v, ok := r.table.Get(r.key(i))
		l.next()
		if !ok || len(v) != len(r.value) {
			return fmt.Errorf("%s: key %x is lost", r.spec.Engine, r.key(i))
		}
		return nil
	}
	switch r.spec.Workload {
	case MemInsert:
		for i := t; i < n; i += threads {
			r.table.Insert(r.key(i), r.value, uint64(i+1))
			l.next()
		}
	case MemGet:
		for i := t; i < n; i += threads {
			if err := get(n); err != nil {
				return err
			}
		}
	case MemWalk:
		return r.walk(l)
	case MemMixed:
		for i := n/2 + t; i < n; i += threads {
			r.table.Insert(r.key(i), r.value, uint64(i+1))
			l.next()
			if err := get(max(n/2, 1)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *memRun) walk(l *lap) error {
	var seen, bytes int64
	r.table.Walk(func(key, value []byte) bool {
		bytes += int64(key[0]) + int64(len(value)) // touch both
		if seen++; seen%walkPart == 0 {
			l.next()
		}
		return true
	})
	l.next()
	if seen != r.entries || bytes < seen*int64(len(r.value)) {
		return fmt.Errorf("%s: the walk saw %d entries, want %d", r.spec.Engine, seen, r.entries)
	}
	return nil
}

// settledMemory returns the resident memory that holds no pages of files, after the
// runtime has given all that is unused back to the OS.
func settledMemory() int64 {
	runtime.GC()
	debug.FreeOSMemory()
	return machine.PrivateBytes()
}

// gcCycle returns the time of a whole collection, in ns: what a live table costs
// every cycle of its process. Of five the fastest counts; other load only adds.
func gcCycle() int64 {
	var times []time.Duration
	for range 5 {
		start := time.Now()
		runtime.GC()
		times = append(times, time.Since(start))
	}
	return int64(slices.Min(times))
}

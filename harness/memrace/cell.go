package memrace

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"lsmlab/harness/drive"
	"lsmlab/harness/machine"
	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// Work is what one cell of a race does to a table.
type Work struct {
	Workload  string // one of [Workloads]
	Entries   int64  // under 1<<32
	KeySize   int    // bytes; 0 is 16
	ValueSize int    // bytes; 0 is 100, negative is empty values
	Threads   int
	Seed      uint64 // of the order of the keys, and of the keys that are read
}

// Defaults of the sizes.
const (
	defaultKeySize   = 16
	defaultValueSize = 100
)

// Outcome is what was measured beyond the figures of the cell.
type Outcome struct {
	Length      time.Duration // of the measured part
	Hists       []result.Hist
	Series      []result.Series
	Disturbance machine.Disturbance
}

// run is a cell in progress. No engine is open and nothing is durable: only the
// structure is measured.
type run struct {
	Work
	table  Map
	keys   keys
	value  []byte
	laps   *drive.Laps
	meter  *drive.Meter
	report func(phase string, done float64)
}

// Measure does the work on a new table and sets the figures of c. It reports its phase
// and the completed share of the phase, in [0, 1]. Its error is that of ctx, or says
// what the table lost.
func Measure(ctx context.Context, t Table, w Work, report func(phase string, done float64), c *result.Cell) (Outcome, error) {
	w = w.withDefaults()
	c.KeySize, c.ValueSize = w.KeySize, w.ValueSize
	r := &run{
		Work: w, keys: makeKeys(w), value: workloads.AppendValue(nil, 1, 1, w.ValueSize, 0),
		laps: drive.NewLaps(w.Threads), report: report,
	}
	report("fill", 0)
	empty := memoryInUse()
	r.table = t.New(w.Entries, w.Entries*int64(w.KeySize+w.ValueSize))
	defer r.table.Release()
	if err := r.fill(ctx); err != nil {
		return Outcome{}, err
	}
	report("measure", 0)
	if err := r.measure(); err != nil {
		return Outcome{}, fmt.Errorf("%s: %w", t.Name, err)
	}
	series := r.figures(c)
	full := memoryInUse()
	c.BytesPerEntry = float64(full-empty) / float64(w.Entries)
	c.SizePerEntry = float64(r.table.Size()) / float64(w.Entries)
	c.GCCycleNS = gcCycle()
	runtime.KeepAlive(r.table)
	latency, hists := r.laps.Latency()
	c.Latency = latency
	return Outcome{r.laps.Length(), hists, series, r.meter.Disturbance()}, ctx.Err()
}

func (w Work) withDefaults() Work {
	if w.KeySize == 0 {
		w.KeySize = defaultKeySize
	}
	if w.ValueSize == 0 {
		w.ValueSize = defaultValueSize
	}
	w.ValueSize = max(w.ValueSize, 0)
	return w
}

// prefilled returns how many of the keys are in the table before the measured part.
func (w Work) prefilled() int64 {
	switch w.Workload {
	case workInsert:
		return 0
	case workMixed:
		return w.Entries / 2
	}
	return w.Entries
}

func (r *run) fill(ctx context.Context) error {
	for i := range r.prefilled() {
		r.table.Insert(r.keys.at(i), r.value, uint64(i+1))
		if i%10_000 == 0 {
			r.report("fill", float64(i)/float64(r.Entries))
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// measure runs the measured part on every thread at once.
func (r *run) measure() error {
	r.meter = drive.NewMeter(nil)
	err := r.laps.Run(r.meter.Start, func(thread int, lap *drive.Lap) error {
		return r.work(lap, int64(thread), int64(r.Threads))
	})
	r.meter.Stop()
	return err
}

// faultsAllowed is how many major page faults a race in memory may have without a
// warning.
const faultsAllowed = 50

// figures sets the figures of the measured part and returns its timelines.
func (r *run) figures(c *result.Cell) []result.Series {
	r.meter.Fill(c)
	c.Seconds, c.Calls = r.laps.Length().Seconds(), r.laps.Calls()
	c.Ops = c.Calls
	ops, p99 := r.laps.Timeline()
	if r.Workload == workWalk {
		c.Ops = r.Entries * int64(r.Threads)
		for i := range ops.Values {
			ops.Values[i] *= walkPart
		}
	}
	c.OpsPerSec = float64(c.Ops) / max(c.Seconds, 1e-9)
	if n := c.MajorFaults; n > faultsAllowed {
		c.Warnings = append(c.Warnings, fmt.Sprintf("major faults: %d pages came back from disk, though all is in memory", n))
	}
	return append([]result.Series{ops, p99}, r.meter.Series()...)
}

// memoryInUse returns the resident memory that holds no pages of files, after the
// runtime has given all unused memory back to the OS.
func memoryInUse() int64 {
	runtime.GC()
	debug.FreeOSMemory()
	return machine.PrivateBytes()
}

// gcCycle returns the time of a whole garbage collection, in ns, which a live table
// costs in every cycle of its process. It is the fastest of five, because other load
// can only add time.
func gcCycle() int64 {
	var times []time.Duration
	for range 5 {
		start := time.Now()
		runtime.GC()
		times = append(times, time.Since(start))
	}
	return int64(slices.Min(times))
}

// keys are all keys of a race in random order. They are in one array, so that the
// collector finds no pointers in them.
type keys struct {
	bytes []byte
	size  int64
}

// makeKeys makes every key once, in an order that follows from the seed.
func makeKeys(w Work) keys {
	style := workloads.Keys{Style: workloads.DBBench, Size: w.KeySize}
	if w.KeySize >= ycsbKeySize {
		style.Style = workloads.YCSB
	}
	order := make([]uint32, w.Entries)
	for i := range order {
		order[i] = uint32(i)
	}
	rng := rand.New(rand.NewPCG(w.Seed, 1))
	rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	k := keys{bytes: make([]byte, 0, w.Entries*int64(w.KeySize)), size: int64(w.KeySize)}
	for _, i := range order {
		k.bytes = style.Append(k.bytes, uint64(i))
	}
	return k
}

// ycsbKeySize is the size, in bytes, from which keys have the form of YCSB, whose first
// 8 bytes are all alike. Shorter keys have the form of db_bench, whose first 8 bytes
// differ, which is the best case for a table that compares abbreviated keys.
const ycsbKeySize = 24

func (k keys) at(i int64) []byte {
	from := i * k.size
	return k.bytes[from : from+k.size : from+k.size]
}

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
	"lsmlab/harness/micro"
	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// run is a cell in progress. No engine is open and nothing is durable: only the
// structure is measured.
type run struct {
	micro.Job
	table  Map
	keys   keys
	value  []byte
	laps   *drive.Laps
	meter  *drive.Meter
	report micro.Report
}

// measureTable does a job on a new table and sets the figures of c. Its error is that of
// ctx, or says what the table lost.
func measureTable(ctx context.Context, t Table, j micro.Job, report micro.Report, c *result.Cell) (micro.Outcome, error) {
	r := &run{
		Job: j, keys: makeKeys(j), value: workloads.AppendValue(nil, 1, 1, j.ValueSize, 0),
		laps: drive.NewLaps(j.Threads), report: report,
	}
	report("fill", 0)
	empty := memoryInUse()
	r.table = t.New(j.Keys, j.Keys*int64(j.KeySize+j.ValueSize))
	defer r.table.Release()
	if err := r.fill(ctx); err != nil {
		return micro.Outcome{}, err
	}
	report("measure", 0)
	if err := r.measure(); err != nil {
		return micro.Outcome{}, fmt.Errorf("%s: %w", t.Name, err)
	}
	series := r.figures(c)
	full := memoryInUse()
	c.BytesPerEntry = float64(full-empty) / float64(j.Keys)
	c.SizePerEntry = float64(r.table.Size()) / float64(j.Keys)
	c.GCCycleNS = gcCycle()
	runtime.KeepAlive(r.table)
	latency, hists := r.laps.Latency()
	c.Latency = latency
	return micro.Outcome{Length: r.laps.Length(), Hists: hists, Series: series, Disturbance: r.meter.Disturbance()}, ctx.Err()
}

// prefilled returns how many of the keys are in the table before the measured part.
func (r *run) prefilled() int64 {
	switch r.Work {
	case workInsert:
		return 0
	case workMixed:
		return r.Keys / 2
	}
	return r.Keys
}

func (r *run) fill(ctx context.Context) error {
	for i := range r.prefilled() {
		r.table.Insert(r.keys.at(i), r.value, uint64(i+1))
		if i%10_000 == 0 {
			r.report("fill", float64(i)/float64(r.Keys))
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
	if r.Work == workWalk {
		c.Ops = r.Keys * int64(r.Threads)
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
func makeKeys(j micro.Job) keys {
	style := workloads.Keys{Style: workloads.DBBench, Size: j.KeySize}
	if j.KeySize >= ycsbKeySize {
		style.Style = workloads.YCSB
	}
	order := make([]uint32, j.Keys)
	for i := range order {
		order[i] = uint32(i)
	}
	rng := rand.New(rand.NewPCG(j.Seed, 1))
	rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	k := keys{bytes: make([]byte, 0, j.Keys*int64(j.KeySize)), size: int64(j.KeySize)}
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

package drive

import (
	"context"
	"math"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/peers/noop"
	"lsmlab/harness/clock"
	"lsmlab/workloads"
)

// Cost is the time that the harness itself adds to every operation, in ns.
type Cost struct {
	HarnessNSPerOp float64 // to make the operation, to carry it out on an engine that does nothing, and to measure it
	MeasureNSPerOp float64 // the part of this that measuring takes: the clock, the histogram, the loop
	ClockNS        float64 // the part of this that one reading of the clock takes
}

// A calibration consists of many short runs, of which the fastest counts. On a busy
// machine most runs are preempted, but the harness costs the same in all of them.
const (
	calibrationRuns = 100
	calibrationOps  = 5000 // about 0.5 ms
)

// Calibrate measures what the harness adds to every operation: it drives one
// thread of fillrandom, with its default sizes, on an engine that does nothing,
// in this process.
func Calibrate(ctx context.Context) (Cost, error) {
	nothing, err := noop.Open("")
	if err != nil {
		return Cost{}, err
	}
	all, work := math.Inf(1), math.Inf(1)
	for i := range calibrationRuns {
		w, err := workloads.New(workloads.Spec{
			Workload: "fillrandom", Keys: 1 << 20, Operations: calibrationOps, Warmup: calibrationOps / 10, Seed: uint64(i),
		})
		if err != nil {
			return Cost{}, err
		}
		d := New(w, nothing, kv.Volatile, 0, 0)
		if err := d.WarmUp(ctx); err != nil {
			return Cost{}, err
		}
		if err := d.Measure(ctx, func(time.Time) {}); err != nil {
			return Cost{}, err
		}
		all = min(all, float64(d.Length())/calibrationOps)
		length, err := workAlone(w, nothing)
		if err != nil {
			return Cost{}, err
		}
		work = min(work, float64(length)/calibrationOps)
	}
	return Cost{HarnessNSPerOp: all, MeasureNSPerOp: max(all-work, 0), ClockNS: clockCost()}, nil
}

// workAlone makes and carries out the same operations without measuring any.
func workAlone(w *workloads.Workload, e kv.Engine) (time.Duration, error) {
	s, x := w.Stream(0), workloads.NewExecutor(w, e, kv.Volatile)
	var op workloads.Op
	for s.Next(&op) && op.Warmup {
		if err := x.Do(&op); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	for more := true; more; more = s.Next(&op) {
		if err := x.Do(&op); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

func clockCost() float64 {
	const n = 2000
	best := int64(math.MaxInt64)
	for range calibrationRuns {
		c := clock.Start()
		var last int64
		for range n {
			last = c.Now()
		}
		best = min(best, last)
	}
	return float64(best) / n
}

package micro

import (
	"context"
	"fmt"
	"math"
	"time"

	"lsmlab/harness/drive"
	"lsmlab/harness/result"
)

// Task is a contender that is ready for a job.
type Task struct {
	// Thread returns what thread number i does over and over. It is called once for each
	// thread before the measured part; what it returns is called by that thread alone. An
	// error ends the thread and fails the cell.
	Thread func(i int) (Step, error)
	// Batch is how many operations one call of a step does, so that a reading of the clock
	// does not outweigh an operation of a few nanoseconds; 0 is one.
	Batch int64
	// Between is done before each step and is charged to no operation, though it is part of
	// the time of the cell; nil does nothing.
	Between func(thread int) error
	// Figures sets figures of the cell after the measured part; nil sets none.
	Figures func(c *result.Cell) error
	// Close gives back what the task holds; nil holds nothing.
	Close func() error
}

// Step does the next operations of one thread.
type Step func() error

// Loop makes the Measure of a kind whose threads repeat steps until the operations of the
// job are done or its time is over. prepare makes a contender ready, unmeasured.
func Loop(prepare func(ctx context.Context, j Job) (*Task, error)) func(context.Context, Job, Report, *result.Cell) (Outcome, error) {
	return func(ctx context.Context, j Job, report Report, c *result.Cell) (out Outcome, err error) {
		report("prepare", 0)
		t, err := prepare(ctx, j)
		if err != nil {
			return out, fmt.Errorf("prepare: %w", err)
		}
		if t.Close != nil {
			defer func() {
				if closeErr := t.Close(); err == nil && closeErr != nil {
					err = fmt.Errorf("close: %w", closeErr)
				}
			}()
		}
		t.Batch = max(t.Batch, 1)
		steps := make([]Step, j.Threads)
		for i := range steps {
			if steps[i], err = t.Thread(i); err != nil {
				return out, fmt.Errorf("prepare: %w", err)
			}
		}
		report("measure", 0)
		return t.measure(ctx, j, steps, c)
	}
}

// measure runs the measured part and sets the figures of c.
func (t *Task) measure(ctx context.Context, j Job, steps []Step, c *result.Cell) (Outcome, error) {
	laps := drive.NewLaps(j.Threads)
	meter := drive.NewMeter(nil)
	calls := j.callsOfThread(t.Batch)
	err := laps.Run(meter.Start, func(thread int, lap *drive.Lap) error {
		return t.repeat(ctx, thread, steps[thread], lap, calls(thread), j.Duration)
	})
	meter.Stop()
	if err != nil {
		return Outcome{}, err
	}
	meter.Fill(c)
	c.Seconds, c.Calls = laps.Length().Seconds(), laps.Calls()
	c.Ops = c.Calls * t.Batch
	c.OpsPerSec = float64(c.Ops) / max(c.Seconds, 1e-9)
	ops, p99 := laps.Timeline()
	for i := range ops.Values {
		ops.Values[i] *= float64(t.Batch)
	}
	var hists []result.Hist
	c.Latency, hists = laps.Latency()
	if t.Figures != nil {
		if err := t.Figures(c); err != nil {
			return Outcome{}, err
		}
	}
	series := append([]result.Series{ops, p99}, meter.Series()...)
	return Outcome{laps.Length(), hists, series, meter.Disturbance()}, nil
}

// callsOfThread shares the operations of a job out among its threads, in whole batches, one
// at least.
func (j Job) callsOfThread(batch int64) func(thread int) int64 {
	ops := j.Ops
	switch {
	case ops < 0:
		return func(int) int64 { return math.MaxInt64 }
	case ops == 0:
		ops = j.Keys
	}
	calls, threads := max(ops/batch, 1), int64(j.Threads)
	return func(thread int) int64 {
		n := calls / threads
		if int64(thread) < calls%threads {
			n++
		}
		return max(n, 1)
	}
}

// checkEvery is how long a thread goes on before it looks whether the cell was cut.
const checkEvery = 100 * time.Millisecond

// repeat repeats a step until the calls are done or the time is over.
func (t *Task) repeat(ctx context.Context, thread int, step Step, lap *drive.Lap, calls int64, limit time.Duration) error {
	checked := time.Duration(0)
	for range calls {
		if t.Between != nil {
			if err := t.Between(thread); err != nil {
				return err
			}
			lap.Begin()
		}
		if err := step(); err != nil {
			return err
		}
		at := lap.Next()
		if limit > 0 && at >= limit {
			return nil
		}
		if at-checked >= checkEvery {
			checked = at
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

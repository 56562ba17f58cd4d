package drive

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/clock"
	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// A Drive carries out one workload on one engine: first the warm-up, then the
// measured part. Foreground threads decide when it ends; a background thread, if
// the workload has one, works until then.
//
// One goroutine may call the methods; only [Drive.Done] may be called by others.
type Drive struct {
	_          [64]byte
	stop       atomic.Bool // the foreground has ended, or something failed
	_          [64]byte
	done       atomic.Int64 // operations; each thread adds its own every 100 ms
	_          [64]byte
	workload   *workloads.Workload
	threads    []*thread
	clock      clock.Clock
	start      int64 // ns of clock
	limit      time.Duration
	rate       float64 // of all foreground threads; 0 is closed loop
	foreground int     // number of foreground threads
	length     time.Duration
}

// New prepares the threads of w on engine e, which the caller closes. Writes are
// made at durability d. The measured part ends with the operations of w or, if
// limit is positive, after that time. A positive rate, in operations a second over
// all foreground threads, makes an open loop.
func New(w *workloads.Workload, e kv.Engine, d kv.Durability, limit time.Duration, rate float64) *Drive {
	dr := &Drive{workload: w, clock: clock.Start(), limit: limit, rate: rate}
	transactor, _ := e.(kv.Transactor)
	for i := range w.Streams() {
		t := &thread{stream: w.Stream(i), rec: newRecorder(maxKinds), role: w.Role(i), number: i}
		sees := e
		if w.Transactional() && transactor != nil {
			t.commits = newCommitTimer(e, transactor, dr.clock)
			sees = t.commits
		}
		t.exec = workloads.NewExecutor(w, sees, d)
		if t.isForeground() {
			dr.foreground++
		}
		dr.threads = append(dr.threads, t)
	}
	return dr
}

// WarmUp runs every thread up to its first operation that counts. Its error is the
// first error of a thread, or that of ctx.
func (d *Drive) WarmUp(ctx context.Context) error {
	d.each(ctx, func(t *thread) { t.runWarmUp(d) })
	return d.err(ctx)
}

// Settle works like the measured part, without its time limit, until told to end: it calls
// unsettled with the operations/s of the foreground over each interval of 100 ms. If most is
// reached, or the operations of the workload end, it returns all the same. It belongs between
// WarmUp and Measure. Its error is like that of [Drive.WarmUp].
func (d *Drive) Settle(ctx context.Context, most time.Duration, unsettled func(opsPerSec float64) bool) error {
	d.start = d.clock.Now()
	var watching sync.WaitGroup
	over := make(chan struct{})
	watching.Go(func() { d.watch(most, over, unsettled) })
	d.each(ctx, func(t *thread) { t.runSettling(d) })
	close(over)
	watching.Wait()
	d.done.Store(0)
	d.stop.Store(d.err(ctx) != nil)
	return d.err(ctx)
}

// watch stops the drive when it has settled, after most, or when the threads are over.
// Threads publish at the end of an interval, so it reads half an interval later.
func (d *Drive) watch(most time.Duration, over <-chan struct{}, unsettled func(opsPerSec float64) bool) {
	const interval = result.SampleInterval
	var done int64
	for at := interval + interval/2; at < most+interval; at += interval {
		select {
		case <-over:
			return
		case <-time.After(at - time.Duration(d.clock.Now()-d.start)):
		}
		now := d.done.Load()
		if !unsettled(float64(now-done) / interval.Seconds()) {
			break
		}
		done = now
	}
	d.stop.Store(true)
}

// Measure runs the measured part. It calls ready with the common start of all
// threads, right before they start. Its error is like that of [Drive.WarmUp].
func (d *Drive) Measure(ctx context.Context, ready func(start time.Time)) error {
	ready(time.Now())
	d.start = d.clock.Now()
	d.each(ctx, func(t *thread) { t.runMeasured(d) })
	for _, t := range d.threads {
		t.rec.fold()
		if t.isForeground() {
			d.length = max(d.length, time.Duration(t.end))
		}
	}
	return d.err(ctx)
}

// Done returns how many operations the foreground has ended so far, to within
// 100 ms. It is safe for concurrent use.
func (d *Drive) Done() int64 { return d.done.Load() }

// Length returns the time from the common start to the end of the last foreground
// thread.
func (d *Drive) Length() time.Duration { return d.length }

// each runs f for every thread at once and waits; the background is stopped when
// the foreground has ended.
func (d *Drive) each(ctx context.Context, f func(*thread)) {
	unhook := context.AfterFunc(ctx, func() { d.stop.Store(true) })
	defer unhook()
	var foreground, all sync.WaitGroup
	for _, t := range d.threads {
		if t.isForeground() {
			foreground.Add(1)
		}
		all.Go(func() {
			f(t)
			if t.err != nil {
				d.stop.Store(true)
			}
			if t.isForeground() {
				foreground.Done()
			}
		})
	}
	foreground.Wait()
	d.stop.Store(true)
	all.Wait()
	d.stop.Store(d.err(ctx) != nil)
}

func (d *Drive) err(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, t := range d.threads {
		if t.err != nil {
			return fmt.Errorf("thread %d: %w", t.number, t.err)
		}
	}
	return nil
}

const noDeadline = 1<<63 - 1

// deadline returns the end of the measured part in ns after its start.
func (d *Drive) deadline() int64 {
	if d.limit <= 0 {
		return noDeadline
	}
	return int64(d.limit)
}

// publish adds what a thread has done since the last call to the count of all.
func (d *Drive) publish(t *thread) {
	if t.isForeground() {
		ops := t.ops()
		d.done.Add(ops - t.published)
		t.published = ops
	}
}

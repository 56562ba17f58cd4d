package harness

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/clock"
	"lsmlab/workloads"
)

// A drive is the warm-up and the measured part of one cell: T foreground threads
// and perhaps a background one on one engine.
//
// Invariants:
//
//  1. A thread shares nothing with the others but start, deadline and stop, which
//     are only read while it works. Threads lie apart in memory.
//  2. Every thread has done its warm-up before any starts its measured part.
//  3. A closed loop reads the clock once an operation: the end of one is the start
//     of the next. Making the operation and checking its result are therefore
//     part of its time; that cost is published as harness_ns_per_op.
type drive struct {
	_       [64]byte
	stop    atomic.Bool // the foreground has ended, or something failed
	_       [64]byte
	done    atomic.Int64 // operations, added every 100 ms a thread: for progress only
	_       [64]byte
	threads []*thread
	clock   clock.Clock
	start   int64 // ns of clock
	limit   time.Duration
	rate    float64 // of all foreground threads; 0 is closed loop
	front   int     // number of foreground threads
}

// thread is one goroutine's part of a drive.
type thread struct {
	_      [64]byte
	stream *workloads.Stream
	exec   *workloads.Executor
	rec    *recorder
	role   workloads.Role
	number int
	op     workloads.Op
	more   bool // op is the first of the measured part

	units [maxKinds]int64
	told  int64 // of units, added to drive.done
	end   int64 // ns since the start
	warm  workloads.Counts
	err   error
	_     [64]byte
}

// maxKinds bounds workloads.Kind.
const maxKinds = 16

func newDrive(w *workloads.Workload, e kv.Engine, d kv.Durability, limit time.Duration, rate float64) *drive {
	dr := &drive{clock: clock.Start(), limit: limit, rate: rate}
	for i := range w.Streams() {
		t := &thread{
			stream: w.Stream(i), exec: workloads.NewExecutor(w, e, d), rec: newRecorder(maxKinds), role: w.Role(i), number: i,
		}
		if t.role == workloads.Foreground {
			dr.front++
		}
		dr.threads = append(dr.threads, t)
	}
	return dr
}

// warmUp runs every thread up to its first operation that counts. It returns the
// first error, or that of ctx.
func (d *drive) warmUp(ctx context.Context) error {
	d.each(ctx, func(t *thread) { t.runWarmUp(d) })
	return d.err(ctx)
}

// measure runs the measured part and returns how long the foreground took. ready
// is called with the common start, right before it.
func (d *drive) measure(ctx context.Context, ready func(start time.Time)) (time.Duration, error) {
	ready(time.Now())
	d.start = d.clock.Now()
	d.each(ctx, func(t *thread) { t.runMeasured(d) })
	var end int64
	for _, t := range d.threads {
		t.rec.fold()
		if t.role == workloads.Foreground {
			end = max(end, t.end)
		}
	}
	return time.Duration(end), d.err(ctx)
}

// each runs f for every thread at once and waits; the background is stopped when
// the foreground has ended.
func (d *drive) each(ctx context.Context, f func(*thread)) {
	unhook := context.AfterFunc(ctx, func() { d.stop.Store(true) })
	defer unhook()
	var front, all sync.WaitGroup
	for _, t := range d.threads {
		if t.role == workloads.Foreground {
			front.Add(1)
		}
		all.Go(func() {
			f(t)
			if t.err != nil {
				d.stop.Store(true)
			}
			if t.role == workloads.Foreground {
				front.Done()
			}
		})
	}
	front.Wait()
	d.stop.Store(true)
	all.Wait()
	d.stop.Store(d.err(ctx) != nil)
}

func (d *drive) err(ctx context.Context) error {
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

func (t *thread) runWarmUp(d *drive) {
	for t.more = t.stream.Next(&t.op); t.more && t.op.Warmup && !d.stop.Load(); t.more = t.stream.Next(&t.op) {
		if t.err = t.exec.Do(&t.op); t.err != nil {
			return
		}
	}
	t.warm = t.exec.Counts
}

func (t *thread) runMeasured(d *drive) {
	if t.more {
		if d.rate > 0 && t.role == workloads.Foreground {
			t.runOpen(d)
		} else {
			t.runClosed(d)
		}
	}
	if err := t.exec.Close(); t.err == nil {
		t.err = err
	}
	d.tell(t)
}

// runClosed starts every operation when the one before has ended.
func (t *thread) runClosed(d *drive) {
	limit := d.deadline()
	begin := d.clock.Now() - d.start
	for !d.stop.Load() {
		if t.err = t.exec.Do(&t.op); t.err != nil {
			return
		}
		end := d.clock.Now() - d.start
		next := end
		if end >= t.rec.end || !t.rec.ready(int(t.op.Kind)) {
			t.keepBooks(d, end)
			next = d.clock.Now() - d.start // that is no operation's time
		}
		t.count(end - begin)
		t.end, begin = end, next
		if end >= limit || !t.stream.Next(&t.op) {
			return
		}
	}
}

// runOpen starts operation k of thread i of n at (i + k*n)/rate, or as soon after
// as the one before has ended, and records from both times.
func (t *thread) runOpen(d *drive) {
	p, err := newPacer()
	if err != nil {
		t.err = err
		return
	}
	defer func() { _ = p.close() }() // nothing is written there
	limit := d.deadline()
	now := func() int64 { return d.clock.Now() - d.start }
	for k := int64(0); !d.stop.Load(); k++ {
		intended := int64(float64(int64(t.number)+k*int64(d.front)) * 1e9 / d.rate)
		if intended >= limit {
			return
		}
		if t.err = p.waitUntil(intended, now); t.err != nil {
			return
		}
		begin := now()
		if t.err = t.exec.Do(&t.op); t.err != nil {
			return
		}
		end := now()
		if end >= t.rec.end || !t.rec.ready(int(t.op.Kind)) {
			t.keepBooks(d, end)
		}
		t.count(end - begin)
		t.rec.addIntended(end - intended)
		t.end = end
		if !t.stream.Next(&t.op) {
			return
		}
	}
}

func (d *drive) deadline() int64 {
	if d.limit <= 0 {
		return 1<<63 - 1
	}
	return int64(d.limit)
}

// keepBooks does what is due now and then: it closes the interval that is over
// and gives a new kind of operation its histogram.
func (t *thread) keepBooks(d *drive, now int64) {
	if now >= t.rec.end {
		t.rec.roll(now)
		d.tell(t)
	}
	if kind := int(t.op.Kind); !t.rec.ready(kind) {
		t.rec.prepare(kind)
	}
}

// count records the operation that has just ended.
func (t *thread) count(ns int64) {
	kind := t.op.Kind % maxKinds
	t.rec.add(int(kind), ns)
	t.units[kind] += int64(t.op.Units)
}

// ops returns the units done in the measured part.
func (t *thread) ops() (sum int64) {
	for _, n := range t.units {
		sum += n
	}
	return sum
}

// calls returns the operations done in the measured part, which has ended.
func (t *thread) calls() (sum int64) {
	for _, iv := range t.rec.closed {
		sum += iv.ops
	}
	return sum
}

// tell publishes the thread's progress.
func (d *drive) tell(t *thread) {
	if t.role == workloads.Foreground {
		ops := t.ops()
		d.done.Add(ops - t.told)
		t.told = ops
	}
}

// counts returns what the executors did: in the measured part, and in all.
func (d *drive) counts() (measured, all workloads.Counts) {
	for _, t := range d.threads {
		all.Add(t.exec.Counts)
		measured.Add(t.exec.Counts)
		w := t.warm
		measured.Add(workloads.Counts{
			Reads: -w.Reads, Misses: -w.Misses, Writes: -w.Writes, Deletes: -w.Deletes, Scans: -w.Scans,
			EntriesScanned: -w.EntriesScanned, BytesRead: -w.BytesRead, BytesWritten: -w.BytesWritten,
		})
	}
	return measured, all
}

package drive

import (
	"errors"
	"slices"
	"sync"
	"time"

	"lsmlab/harness/clock"
	"lsmlab/harness/result"
)

// Laps times threads whose work is no stream of operations of an engine. Like a
// closed loop, each thread reads the clock once an operation.
//
// A recorder takes 400 KiB, so thousands of threads share a few: a thread keeps its last
// operations and hands them over together, under a lock, and that time is charged to no
// operation. In the timeline such operations may stand in a later interval than that in
// which they ended.
type Laps struct {
	threads   int
	recorders []*recorder
	locks     []sync.Mutex // of the recorders, where threads share them
	length    time.Duration
}

const (
	maxRecorders = 64 // more threads share them
	keptLaps     = 32 // operations that a thread with a shared recorder keeps
)

// NewLaps prepares a number of threads. The memory of recorders is allocated here, so
// that it is not mistaken for memory of what the threads measure.
func NewLaps(threads int) *Laps {
	n := min(threads, maxRecorders)
	l := &Laps{threads: threads, locks: make([]sync.Mutex, n)}
	for range n {
		r := newRecorder(1)
		r.prepare(0)
		l.recorders = append(l.recorders, r)
	}
	return l
}

// Lap times one thread. It is used by that thread alone.
type Lap struct {
	rec   *recorder
	clock clock.Clock
	begin int64 // ns since the common start
	last  int64 // ns since the common start, end of the last operation
	lock  *sync.Mutex
	kept  []keptLap // nil if the recorder is this thread's own
}

// keptLap is an operation that waits for its recorder.
type keptLap struct{ end, length int64 }

// Next ends an operation and starts the next. It returns the time from the common start
// to that end.
func (l *Lap) Next() time.Duration {
	end := l.clock.Now()
	length := end - l.begin
	l.begin, l.last = end, end
	if l.kept != nil {
		l.keep(keptLap{end, length})
		return time.Duration(end)
	}
	if end >= l.rec.end {
		l.rec.roll(end)
		l.Begin()
	}
	l.rec.add(0, length)
	return time.Duration(end)
}

// keep keeps an operation, and hands over what is kept once that is enough.
func (l *Lap) keep(k keptLap) {
	l.kept = append(l.kept, k)
	if len(l.kept) == cap(l.kept) {
		l.handOver()
		l.Begin()
	}
}

// Begin starts the next operation anew: what the thread did since the last one ended is
// charged to no operation.
func (l *Lap) Begin() { l.begin = l.clock.Now() }

// handOver records what the thread has kept.
func (l *Lap) handOver() {
	l.lock.Lock()
	defer l.lock.Unlock()
	for _, k := range l.kept {
		if k.end >= l.rec.end {
			l.rec.roll(k.end)
		}
		l.rec.add(0, k.length)
	}
	l.kept = l.kept[:0]
}

// Run runs work on every thread at once and waits for all of them. It calls ready
// with their common start, right before they start. Its error joins those of the
// threads.
func (l *Laps) Run(ready func(start time.Time), work func(thread int, lap *Lap) error) error {
	start := clock.Start()
	ready(start.Base())
	ends, errs := make([]time.Duration, l.threads), make([]error, l.threads)
	var wg sync.WaitGroup
	for i := range l.threads {
		at := i % len(l.recorders)
		lap := &Lap{rec: l.recorders[at], clock: start, lock: &l.locks[at]}
		if l.threads > len(l.recorders) {
			lap.kept = make([]keptLap, 0, keptLaps)
		}
		wg.Go(func() {
			lap.begin = lap.clock.Now()
			errs[i] = work(i, lap)
			ends[i] = time.Duration(lap.last)
			lap.handOver()
		})
	}
	wg.Wait()
	for _, rec := range l.recorders {
		rec.fold()
	}
	l.length = slices.Max(ends)
	return errors.Join(errs...)
}

// Length returns the time from the common start to the end of the last operation.
func (l *Laps) Length() time.Duration { return l.length }

// Calls returns how many operations all threads did.
func (l *Laps) Calls() (sum int64) {
	for _, rec := range l.recorders {
		sum += rec.calls()
	}
	return sum
}

// Latency returns the latency of all threads, in a summary and as the histogram that
// is stored.
func (l *Laps) Latency() (result.Latency, []result.Hist) {
	var h hist
	for _, rec := range l.recorders {
		h.merge(&rec.channels[0])
	}
	return h.latency(), []result.Hist{{Tag: result.HistService, Hist: h.hdr()}}
}

// Timeline returns operations a second and the 99th percentile over every interval.
func (l *Laps) Timeline() (ops, p99 result.Series) {
	ops, p99, _ = timeline(l.recorders, l.length)
	return ops, p99
}

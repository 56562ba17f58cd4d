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
type Laps struct {
	recorders []*recorder
	length    time.Duration
}

// NewLaps prepares a number of threads. All memory for their records is allocated
// here, so that it is not mistaken for memory of what they measure.
func NewLaps(threads int) *Laps {
	l := &Laps{}
	for range threads {
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
	begin int64
}

// Next ends an operation and starts the next.
func (l *Lap) Next() {
	end := l.clock.Now()
	next := end
	if end >= l.rec.end {
		l.rec.roll(end)
		next = l.clock.Now()
	}
	l.rec.add(0, end-l.begin)
	l.begin = next
}

// Run runs work on every thread at once and waits for all of them. It calls ready
// with their common start, right before they start. Its error joins those of the
// threads.
func (l *Laps) Run(ready func(start time.Time), work func(thread int, lap *Lap) error) error {
	start := clock.Start()
	ready(start.Base())
	ends, errs := make([]time.Duration, len(l.recorders)), make([]error, len(l.recorders))
	var wg sync.WaitGroup
	for i, rec := range l.recorders {
		wg.Go(func() {
			lap := &Lap{rec: rec, clock: start}
			lap.begin = lap.clock.Now()
			errs[i] = work(i, lap)
			ends[i] = time.Duration(lap.begin)
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

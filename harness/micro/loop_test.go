package micro_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lsmlab/harness/micro"
	"lsmlab/harness/result"
)

// measure runs a task as a cell.
func measure(t *testing.T, j micro.Job, task micro.Task) (result.Cell, error) {
	t.Helper()
	var c result.Cell
	_, err := micro.Loop(func(context.Context, micro.Job) (*micro.Task, error) { return &task, nil })(
		context.Background(), j, func(string, float64) {}, &c)
	return c, err
}

// Every operation is done and counted once, whatever the threads and the batch are: also
// by more threads than there are recorders, which share them.
func TestLoopCounts(t *testing.T) {
	for _, tc := range []struct {
		threads           int
		ops, batch, calls int64
	}{{1, 100, 1, 100}, {7, 100, 1, 100}, {3, 1000, 10, 100}, {200, 10_001, 1, 10_001}, {5, 3, 1, 5}} {
		var done atomic.Int64
		c, err := measure(t, micro.Job{Threads: tc.threads, Ops: tc.ops}, micro.Task{Batch: tc.batch, Thread: func(int) (micro.Step, error) {
			return func() error { done.Add(1); return nil }, nil
		}})
		if err != nil || done.Load() != tc.calls || c.Calls != tc.calls || c.Ops != tc.calls*tc.batch {
			t.Errorf("%+v: %d steps, cell of %d calls and %d operations, %v", tc, done.Load(), c.Calls, c.Ops, err)
		}
	}
}

// What is done between operations is in the time of the cell and in no operation.
func TestLoopBetween(t *testing.T) {
	c, err := measure(t, micro.Job{Threads: 1, Ops: 5}, micro.Task{
		Between: func(int) error { time.Sleep(10 * time.Millisecond); return nil },
		Thread:  func(int) (micro.Step, error) { return func() error { return nil }, nil },
	})
	if err != nil || c.Seconds < 0.05 || c.Latency.P50 > int64(5*time.Millisecond) {
		t.Errorf("%v s, median %d ns, %v", c.Seconds, c.Latency.P50, err)
	}
}

// A time limit ends a job without a number of operations; an error fails the cell, and
// what the task holds is given back.
func TestLoopEnds(t *testing.T) {
	c, err := measure(t, micro.Job{Threads: 2, Ops: -1, Duration: 20 * time.Millisecond}, micro.Task{Thread: func(int) (micro.Step, error) {
		return func() error { return nil }, nil
	}})
	if err != nil || c.Seconds < 0.02 || c.Ops < 2 {
		t.Errorf("%v s, %d operations, %v", c.Seconds, c.Ops, err)
	}
	broken, closed := errors.New("broken"), errors.New("not closed")
	_, err = measure(t, micro.Job{Threads: 2, Ops: 10}, micro.Task{
		Thread: func(int) (micro.Step, error) { return func() error { return broken }, nil },
		Close:  func() error { closed = nil; return nil },
	})
	if !errors.Is(err, broken) || closed != nil {
		t.Errorf("%v, %v", err, closed)
	}
	_, err = measure(t, micro.Job{Threads: 1, Ops: 10}, micro.Task{
		Thread: func(int) (micro.Step, error) { return func() error { return nil }, nil },
		Close:  func() error { return broken },
	})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "close") {
		t.Errorf("an error of close is %v", err)
	}
}

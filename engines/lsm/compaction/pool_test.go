package compaction

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestPoolBounds submits more jobs than workers, all of which block until the
// expected number runs at once, and checks the limits of workers and queue.
func TestPoolBounds(t *testing.T) {
	p := NewPool(3, 5, time.Hour)
	var running, done atomic.Int32
	full := make(chan struct{})
	job := func() {
		if running.Add(1) == 3 {
			close(full)
		}
		<-full
		done.Add(1)
	}
	taken := 0
	for range 3 {
		if p.Submit(job) {
			taken++
		}
	}
	<-full // three run at once
	release := make(chan struct{})
	var blocked sync.WaitGroup
	blocked.Add(3)
	for range 3 {
		for !p.Submit(func() { blocked.Done(); <-release }) {
			runtime.Gosched()
		}
	}
	blocked.Wait() // all workers are busy
	queued := 0
	for p.Submit(func() { done.Add(1) }) {
		queued++
	}
	if taken != 3 || queued != 5 || p.workers() != 3 {
		t.Errorf("%d jobs taken, then %d queued by %d workers; want 3, 5, 3", taken, queued, p.workers())
	}
	close(release)
	p.Close()
	if done.Load() != 8 || p.workers() != 0 {
		t.Errorf("%d jobs done, %d workers left; want 8, 0", done.Load(), p.workers())
	}
	if p.Submit(func() {}) {
		t.Error("a closed pool took a job")
	}
}

// workers returns the number of live workers.
func (p *Pool) workers() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live
}

// TestPoolRetires waits for idle workers to end, and checks that a job that
// comes after that finds one.
func TestPoolRetires(t *testing.T) {
	p := NewPool(2, 10, time.Millisecond)
	defer p.Close()
	for range 3 {
		ran := make(chan struct{})
		if !p.Submit(func() { close(ran) }) {
			t.Fatal("job not taken")
		}
		<-ran
		for p.workers() > 0 {
			runtime.Gosched()
		}
	}
}

// TestPoolLosesNoJob races submissions against retirement.
func TestPoolLosesNoJob(t *testing.T) {
	p := NewPool(4, 1000, time.Microsecond)
	var done atomic.Int32
	for range 1000 {
		for !p.Submit(func() { done.Add(1) }) {
			runtime.Gosched()
		}
		if done.Load()%7 == 0 {
			time.Sleep(time.Microsecond)
		}
	}
	p.Close()
	if done.Load() != 1000 {
		t.Errorf("%d of 1000 jobs done", done.Load())
	}
}

// TestPoolStartsEnough has an idle worker waiting, then submits two jobs that
// need each other: if the pool took the idle worker for enough, they would wait
// for ever.
func TestPoolStartsEnough(t *testing.T) {
	for range 200 {
		p := NewPool(2, 10, time.Hour)
		warm := make(chan struct{})
		p.Submit(func() { close(warm) })
		<-warm
		var both sync.WaitGroup
		both.Add(2)
		for range 2 {
			p.Submit(func() { both.Done(); both.Wait() })
		}
		both.Wait()
		p.Close()
	}
}

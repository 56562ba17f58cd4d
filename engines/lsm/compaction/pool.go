package compaction

import (
	"sync"
	"time"
)

// Pool runs jobs on at most a fixed number of goroutines. Workers start when a
// job finds none idle and retire after a while without work, so an idle store
// costs nothing. The finder of work and its doing are thus decoupled.
type Pool struct {
	jobs   chan func()
	idle   time.Duration
	mu     sync.Mutex
	jobsIn int // jobs queued or running
	live   int // workers
	max    int
	wg     sync.WaitGroup
	closed bool
}

// NewPool returns a pool of at most workers goroutines, a queue of that length,
// and workers that retire after idle without work.
func NewPool(workers, queue int, idle time.Duration) *Pool {
	return &Pool{jobs: make(chan func(), queue), idle: idle, max: workers}
}

// Submit queues job and says whether it was taken: not when the queue is full
// or the pool closed.
func (p *Pool) Submit(job func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	select {
	case p.jobs <- job:
	default:
		return false
	}
	p.jobsIn++
	if p.jobsIn > p.live && p.live < p.max {
		p.live++
		p.wg.Go(p.work)
	}
	return true
}

// Workers returns the number of live workers.
func (p *Pool) Workers() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live
}

// Close runs the queued jobs, lets the running ones finish, and returns when
// all workers are gone.
func (p *Pool) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.jobs)
	}
	p.mu.Unlock()
	p.wg.Wait()
}

func (p *Pool) work() {
	timer := time.NewTimer(p.idle)
	defer timer.Stop()
	for {
		timer.Reset(p.idle)
		select {
		case job, ok := <-p.jobs:
			if !ok {
				p.retire(true)
				return
			}
			job()
			p.mu.Lock()
			p.jobsIn--
			p.mu.Unlock()
		case <-timer.C:
			if p.retire(false) {
				return
			}
		}
	}
}

// retire ends the calling worker, unless it is needed: Submit counts on every
// live worker for one job.
func (p *Pool) retire(closed bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !closed && p.live <= p.jobsIn {
		return false
	}
	p.live--
	return true
}

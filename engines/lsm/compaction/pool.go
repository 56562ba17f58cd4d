package compaction

import (
	"sync"
	"time"
)

// Pool runs jobs on at most a fixed number of goroutines. A worker starts when a job
// finds no idle one, and retires after a time without work. So an idle store has no
// workers. The goroutine that finds work never does it.
type Pool struct {
	jobs   chan func()
	idle   time.Duration
	mu     sync.Mutex
	jobsIn int // jobs that are queued or running
	live   int // workers, idle or not
	max    int
	wg     sync.WaitGroup
	closed bool
}

// NewPool returns a pool with at most workers goroutines and a queue of the given
// length. A worker retires after the time idle without work.
func NewPool(workers, queue int, idle time.Duration) *Pool {
	return &Pool{jobs: make(chan func(), queue), idle: idle, max: workers}
}

// Submit queues job. It returns false if the queue is full or the pool is closed.
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

// Close runs the queued jobs, lets the running ones finish, and returns when all
// workers are gone.
func (p *Pool) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.jobs)
	}
	p.mu.Unlock()
	p.wg.Wait()
}

// work is the loop of a worker, which runs jobs until the worker retires.
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

// retire ends the calling worker and returns true, unless the worker is needed: Submit
// counts on every live worker for one job.
func (p *Pool) retire(closed bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !closed && p.live <= p.jobsIn {
		return false
	}
	p.live--
	return true
}

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
	free   int // workers waiting for a job
	live   int // workers running
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
	if len(p.jobs) > p.free && p.live < p.max {
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
		p.addFree(+1)
		timer.Reset(p.idle)
		select {
		case job, ok := <-p.jobs:
			p.addFree(-1)
			if !ok {
				p.retire()
				return
			}
			job()
		case <-timer.C:
			if p.retireIdle() {
				return
			}
		}
	}
}

func (p *Pool) addFree(n int) {
	p.mu.Lock()
	p.free += n
	p.mu.Unlock()
}

func (p *Pool) retire() {
	p.mu.Lock()
	p.live--
	p.mu.Unlock()
}

// retireIdle ends the calling worker unless a job was queued meanwhile: Submit
// counted this worker as free, so nobody else may be coming for it.
func (p *Pool) retireIdle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free--
	if len(p.jobs) > 0 {
		return false
	}
	p.live--
	return true
}

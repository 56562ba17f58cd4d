package adapter

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"lsmlab/engines/internal/interval"
	"lsmlab/engines/kv"
)

// syncing is the sync interval of a store: it syncs in the background what was
// written at a weaker level. A nil one does nothing.
type syncing struct {
	syncer  *interval.Syncer
	pending atomic.Bool // a weaker write began since the last sync did
	failed  atomic.Pointer[error]
	stop    chan struct{}
	once    sync.Once
	ended   sync.WaitGroup
}

// WithSyncInterval gives e the option of that name of [peers.Options], unless every
// is 0; sync makes durable all that was applied before. It returns e.
func (e *Engine) WithSyncInterval(every time.Duration, sync func() error) *Engine {
	if every == 0 {
		return e
	}
	s := &syncing{stop: make(chan struct{})}
	s.syncer = interval.New(every, func() error {
		if !s.pending.Swap(false) {
			return nil
		}
		err := sync()
		if err != nil {
			s.pending.Store(true) // of a sync that is tried again
		}
		return err
	})
	e.syncs = s
	s.ended.Go(func() {
		if err := s.syncer.Run(s.stop); err != nil {
			err = fmt.Errorf("writes stopped: %w", err)
			s.failed.Store(&err)
		}
	})
	return e
}

// level returns at which level a write is applied that asks for d, or why no more
// are taken.
func (s *syncing) level(d kv.Durability) (kv.Durability, error) {
	if s == nil {
		return d, nil
	}
	if err := s.failed.Load(); err != nil {
		return 0, *err
	}
	if s.syncer.Late() {
		d = kv.Synced
	}
	return d, nil
}

// wrote notes that a write is about to be acknowledged at level d.
func (s *syncing) wrote(d kv.Durability) {
	if s != nil && d < kv.Synced && !s.pending.Load() {
		s.pending.Store(true)
	}
}

// end ends the syncs. What is written after is the library's to sync at its close.
func (s *syncing) end() {
	if s == nil {
		return
	}
	s.once.Do(func() { close(s.stop) })
	s.ended.Wait()
}

// Writable implements [kv.WriteChecker]. Of a library's own state only what a sync in
// the background told is known.
func (e *Engine) Writable() error {
	if e.gate.isClosed() {
		return kv.ErrClosed
	}
	if e.syncs != nil {
		if err := e.syncs.failed.Load(); err != nil {
			return *err
		}
	}
	return nil
}

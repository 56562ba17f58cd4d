// Package service is one engine as a service sees it: not there until it has
// recovered, guarded against too much load, with one meaning for each error.
// The fronts (HTTP, gRPC, the Redis protocol) speak to a [Store] and to nothing
// below.
package service

import (
	"context"
	"sync/atomic"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/settings"
)

// Store serves one engine. It is safe for concurrent use.
type Store struct {
	engine   atomic.Pointer[engine]
	stopping atomic.Bool
	settings atomic.Pointer[settings.Settings]
}

// engine is an open engine and its optional abilities, looked up once.
type engine struct {
	kv.Engine
	lsnApplier kv.LSNApplier   // or nil
	lsn        kv.LSNReporter  // or nil
	writable   kv.WriteChecker // or nil
}

// New returns a store whose engine is still to come; until then it answers
// [ErrRecovering].
func New(s settings.Settings) *Store {
	store := &Store{}
	store.Use(s)
	return store
}

// Use makes s the settings from now on.
func (s *Store) Use(next settings.Settings) { s.settings.Store(&next) }

// Settings returns the settings in use.
func (s *Store) Settings() *settings.Settings { return s.settings.Load() }

// Attach begins to serve e. The caller closes e, after the fronts have stopped.
func (s *Store) Attach(e kv.Engine) {
	a := &engine{Engine: e}
	a.lsnApplier, _ = e.(kv.LSNApplier)
	a.lsn, _ = e.(kv.LSNReporter)
	a.writable, _ = e.(kv.WriteChecker)
	s.engine.Store(a)
}

// Stop makes the store not ready, so that no new clients are sent here; it
// still serves.
func (s *Store) Stop() { s.stopping.Store(true) }

// Ready returns why no clients should be sent here, or nil.
func (s *Store) Ready() error {
	e := s.engine.Load()
	switch {
	case e == nil:
		return ErrRecovering
	case s.stopping.Load():
		return ErrStopping
	case e.writable != nil:
		if err := e.writable.Writable(); err != nil {
			return &writesStoppedError{err}
		}
	}
	return nil
}

// Metrics returns the engine's counters; zero for an engine without or before
// it is open.
func (s *Store) Metrics() kv.Metrics {
	if e := s.engine.Load(); e != nil {
		if m, ok := e.Engine.(kv.Metricer); ok {
			return m.Metrics()
		}
	}
	return kv.Metrics{}
}

// Get appends the value of key to dst. The LSN is one that the read saw, all
// before it included; 0 if the engine has none.
func (s *Store) Get(_ context.Context, dst, key []byte) (value []byte, lsn uint64, err error) {
	e := s.engine.Load()
	if e == nil {
		return dst, 0, ErrRecovering
	}
	if e.lsn != nil {
		lsn = e.lsn.LSN()
	}
	value, err = e.Get(dst, key)
	return value, lsn, err
}

// Apply writes b, to the given rung, and returns the LSN of its last write; 0 if
// the engine has none.
func (s *Store) Apply(_ context.Context, b *kv.Batch, d kv.Durability) (lsn uint64, err error) {
	e := s.engine.Load()
	if e == nil {
		return 0, ErrRecovering
	}
	if e.lsnApplier != nil {
		lsn, err = e.lsnApplier.ApplyLSN(b, d)
	} else {
		err = e.Engine.Apply(b, d)
	}
	if err != nil && e.writable != nil && e.writable.Writable() != nil {
		err = &writesStoppedError{err}
	}
	return lsn, err
}

// Scan gives visit at most limit entries of [lower, upper), in order, from one
// consistent state; nil is unbounded. It ends at visit's first error. Key and
// value are views, valid during the call of visit.
func (s *Store) Scan(ctx context.Context, lower, upper []byte, limit int, visit func(key, value []byte) error) error {
	e := s.engine.Load()
	if e == nil {
		return ErrRecovering
	}
	it := e.Engine.Scan(lower, upper)
	var err error
	for ok := it.First(); ok && limit > 0 && err == nil; ok = it.Next() {
		limit--
		if err = visit(it.Key(), it.Value()); err == nil {
			err = ctx.Err()
		}
	}
	if cerr := it.Close(); err == nil {
		err = cerr
	}
	return err
}

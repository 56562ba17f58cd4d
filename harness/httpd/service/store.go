// Package service is one engine as a server offers it. The engine is missing until it
// has recovered. It is guarded against too much load, and each error has one meaning.
// The fronts (HTTP, gRPC, the Redis protocol) use a [Store] and nothing below it.
package service

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/settings"
)

// Store serves one engine. It is safe for concurrent use.
type Store struct {
	log      *slog.Logger
	engine   atomic.Pointer[engine]
	opening  atomic.Pointer[kv.OpenProgress] // of the engine; nil if not known
	guard    atomic.Pointer[guard]
	stopping atomic.Bool

	answers, requests budget
	reading           chan struct{} // has one place for each read in the engine
	locks             locks
	txns              atomic.Int64 // open transactions of clients
	checkpointing     sync.Mutex
}

// engine is an open engine with its optional abilities, which are looked up once.
type engine struct {
	kv.Engine
	lsnApplier kv.LSNApplier   // or nil
	lsn        kv.LSNReporter  // or nil
	writable   kv.WriteChecker // or nil
	transactor kv.Transactor   // or nil
}

// New returns a store without an engine. Until Attach it answers [ErrRecovering].
func New(s settings.Settings, log *slog.Logger) *Store {
	store := &Store{log: log, locks: locks{seed: maphash.MakeSeed()}, reading: make(chan struct{}, maxReading)}
	store.answers.patience, store.requests.patience = patience, patience
	store.Use(s)
	return store
}

// Use makes next the current settings. The counts of the rate and of the breaker start
// anew.
func (s *Store) Use(next settings.Settings) {
	s.answers.resize(next.Limits.HeldBytes)
	s.requests.resize(next.Limits.HeldBytes)
	s.guard.Store(newGuard(next, s.log))
}

// Settings returns the current settings, which must not be changed.
func (s *Store) Settings() *settings.Settings { return &s.guard.Load().settings }

// Opening records how far the opening of the engine is.
func (s *Store) Opening(p kv.OpenProgress) { s.opening.Store(&p) }

// recovering returns [ErrRecovering]. It says how far the opening is, if that is known.
func (s *Store) recovering() error {
	if p := s.opening.Load(); p != nil {
		return fmt.Errorf("%w: %s, %d of %d", ErrRecovering, p.Step, p.Done, p.Total)
	}
	return ErrRecovering
}

// Attach begins to serve e. The caller closes e after the fronts have stopped.
func (s *Store) Attach(e kv.Engine) { s.engine.Store(newEngine(e)) }

func newEngine(e kv.Engine) *engine {
	able := &engine{Engine: e}
	able.lsnApplier, _ = e.(kv.LSNApplier)
	able.lsn, _ = e.(kv.LSNReporter)
	able.writable, _ = e.(kv.WriteChecker)
	able.transactor, _ = e.(kv.Transactor)
	return able
}

// Stop makes the store report that it is not ready, so that no new clients are sent
// here. It still serves.
func (s *Store) Stop() { s.stopping.Store(true) }

// Ready returns the reason why no clients should be sent here, or nil.
func (s *Store) Ready() error {
	e := s.engine.Load()
	switch {
	case e == nil:
		return s.recovering()
	case s.stopping.Load():
		return ErrStopping
	case e.writable != nil:
		if err := e.writable.Writable(); err != nil {
			return &writesStoppedError{err}
		}
	}
	return nil
}

// Metrics returns the engine's counters. They are zero before the engine is open, and
// for an engine that keeps none.
func (s *Store) Metrics() kv.Metrics {
	if e := s.engine.Load(); e != nil {
		if m, ok := e.Engine.(kv.Metricer); ok {
			return m.Metrics()
		}
	}
	return kv.Metrics{}
}

// begin admits an operation and returns the engine for it.
func (s *Store) begin(k kind) (e *engine, a admission, err error) {
	if e = s.engine.Load(); e == nil {
		return nil, a, s.recovering()
	}
	a, err = s.guard.Load().admit(k)
	return e, a, err
}

// Get appends the value of key to dst. The read saw all writes up to lsn; it is 0 if
// the engine has no LSNs.
func (s *Store) Get(ctx context.Context, dst, key []byte) (value []byte, lsn uint64, err error) {
	if err := ctx.Err(); err != nil { // during a command with many keys, the client may have left
		return dst, 0, err
	}
	e, admitted, err := s.begin(reads)
	if err != nil {
		return dst, 0, err
	}
	e, end := e.view(ctx)
	start := time.Now()
	if e.lsn != nil {
		lsn = e.lsn.LSN()
	}
	s.reading <- struct{}{}
	value, err = e.Get(dst, key)
	<-s.reading
	end()
	err = e.stoppedRead(err)
	admitted.done(err, time.Since(start))
	return value, lsn, err
}

// stoppedRead returns the error of a read in the form for clients. A durable read waits
// for a sync, as a write does. So after a sync that failed, it returns the error of
// writes. Other reads that fail have causes of their own.
func (e *engine) stoppedRead(err error) error {
	if err == nil || e.writable == nil || errors.Is(err, kv.ErrNotFound) {
		return err
	}
	if why := e.writable.Writable(); why != nil && errors.Is(err, why) {
		return &writesStoppedError{err}
	}
	return err
}

// stoppedWrite returns err, the error of a write, in the form that clients see.
func (e *engine) stoppedWrite(err error) error {
	if err != nil && e.writable != nil && e.writable.Writable() != nil {
		return &writesStoppedError{err}
	}
	return err
}

// Apply writes b at durability level d and returns the LSN of its last write. The LSN
// is 0 if the engine has none. Apply waits while an Update of the same keys runs.
func (s *Store) Apply(ctx context.Context, b *kv.Batch, d kv.Durability) (lsn uint64, err error) {
	shared := s.locks.ofBatch(b)
	s.locks.rlock(&shared)
	defer s.locks.runlock(&shared)
	return s.apply(ctx, b, d)
}

// apply is Apply for a caller that holds the locks of the keys.
func (s *Store) apply(ctx context.Context, b *kv.Batch, d kv.Durability) (lsn uint64, err error) {
	e, admitted, err := s.begin(writes)
	if err != nil {
		return 0, err
	}
	e, end := e.view(ctx)
	start := time.Now()
	if e.lsnApplier != nil {
		lsn, err = e.lsnApplier.ApplyLSN(b, d)
	} else {
		err = e.Engine.Apply(b, d)
	}
	end()
	err = e.stoppedWrite(err)
	admitted.done(err, time.Since(start))
	return lsn, err
}

// Scan calls visit with at most limit entries of [lower, upper), in order, from one
// consistent state. A nil bound means unbounded. Scan ends at the first error of visit.
// Key and value are views that are valid during the call.
func (s *Store) Scan(ctx context.Context, lower, upper []byte, limit int, visit func(key, value []byte) error) error {
	e, admitted, err := s.begin(reads)
	if err != nil {
		return err
	}
	return e.walk(ctx, e.Engine, admitted, lower, upper, limit, visit)
}

// walk scans from, for an operation that was admitted.
func (e *engine) walk(ctx context.Context, from kv.Reader, admitted admission, lower, upper []byte, limit int, visit func(key, value []byte) error) error {
	var stopped error // an error of the client, which is not a fault of the engine
	it := from.Scan(lower, upper)
	for ok := it.First(); ok && limit > 0 && stopped == nil; ok = it.Next() {
		limit--
		if stopped = visit(it.Key(), it.Value()); stopped == nil {
			stopped = ctx.Err()
		}
	}
	err := e.stoppedRead(it.Close())
	admitted.done(err, 0) // the client determines how long the scan takes
	if err == nil {
		err = stopped
	}
	return err
}

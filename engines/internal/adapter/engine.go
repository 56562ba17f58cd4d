// Package adapter holds what the adapters of foreign libraries share: the
// contract's rules about closing, refused batches and bounds, so that an
// adapter is nothing but calls of its library.
//
// Libraries differ in what happens when they are used after Close, or closed
// while they are used: errors, panics, or a crash of the process in the case of
// mapped memory. A [gate] stands before all of them. If iterators or snapshots
// are still open at Close, the library is closed with the last of them.
package adapter

import (
	"errors"
	"fmt"
	"slices"

	"lsmlab/engines/kv"
)

// View is one state of a library's database. Bounds are as in [kv.Reader], and
// never inverted or equal.
type View interface {
	Get(dst, key []byte) ([]byte, error)
	Scan(lower, upper []byte) (Cursor, error)
	ScanReverse(lower, upper []byte) (ReverseCursor, error)
	Close() error
}

// Store is a library's database. A batch is within the limits, is not empty and
// asks for a durability level that the store gives.
type Store interface {
	View
	Apply(b *kv.Batch, d kv.Durability) error
	Snapshot() (View, error)
}

// Cursor walks entries. Each move returns the entry as views that are valid
// until the next move, or ok = false at the end and after an error, which Close
// returns.
type Cursor interface {
	First() (key, value []byte, ok bool)
	SeekGE(key []byte) (k, value []byte, ok bool) // key is not below the lower bound
	Next() (key, value []byte, ok bool)           // stands on an entry
	Close() error
}

// ReverseCursor is a [Cursor] that walks downwards.
type ReverseCursor interface {
	Last() (key, value []byte, ok bool)
	SeekLT(key []byte) (k, value []byte, ok bool) // key is not above the upper bound
	Prev() (key, value []byte, ok bool)           // stands on an entry
	Close() error
}

// Engine makes a [kv.Engine] of a Store. Adapters embed it and add what else
// their library can do.
type Engine struct {
	gate         *gate
	store        Store
	durabilities []kv.Durability
	// least is the level that a write gets at least.
	least  kv.Durability
	ranges bool     // the store takes range deletes
	early  *barrier // or nil
	syncs  *syncing // or nil
}

// New returns an engine that owns store and gives the durability levels named.
func New(store Store, durabilities ...kv.Durability) *Engine {
	return &Engine{gate: newGate(engineStripes, store.Close), store: store, durabilities: durabilities}
}

// WithDurableReads gives e the option of that name of [peers.Options]: every write
// is synced, whatever it asks for. early says that the library shows a write to
// readers before it is durable; they wait then. It returns e.
func (e *Engine) WithDurableReads(early bool) *Engine {
	e.least = kv.Synced
	if early {
		e.early = newBarrier()
	}
	return e
}

// WithRangeDeletes says that the store takes batches with range deletes. It returns e.
func (e *Engine) WithRangeDeletes() *Engine {
	e.ranges = true
	return e
}

// Get implements [kv.Reader].
func (e *Engine) Get(dst, key []byte) ([]byte, error) {
	s := e.gate.enter()
	if s == nil {
		return dst, kv.ErrClosed
	}
	defer s.leave()
	dst, err := e.store.Get(dst, key)
	e.early.wait()
	return dst, err
}

// Scan implements [kv.Reader].
func (e *Engine) Scan(lower, upper []byte) kv.Iterator {
	s := e.gate.enter()
	if s == nil {
		return &iterator{position: refused(e.gate)}
	}
	defer s.leave()
	it := newIterator(e.store, e.gate, e.gate, lower, upper)
	e.early.wait()
	return it
}

// ScanReverse implements [kv.ReverseScanner].
func (e *Engine) ScanReverse(lower, upper []byte) kv.ReverseIterator {
	s := e.gate.enter()
	if s == nil {
		return &reverseIterator{position: refused(e.gate)}
	}
	defer s.leave()
	it := newReverseIterator(e.store, e.gate, e.gate, lower, upper)
	e.early.wait()
	return it
}

// Apply implements [kv.Engine].
func (e *Engine) Apply(b *kv.Batch, d kv.Durability) error {
	s := e.gate.enter()
	if s == nil {
		return kv.ErrClosed
	}
	defer s.leave()
	if err := b.Check(); err != nil {
		return err
	}
	if b.HasRangeDeletes() && !e.ranges {
		return fmt.Errorf("%w: range deletes", kv.ErrUnsupported)
	}
	if err := e.gives(d); err != nil {
		return err
	}
	if b.Len() == 0 {
		return nil
	}
	return e.write(s, len(b.Bytes()), d, func(level kv.Durability) error { return e.store.Apply(b, level) })
}

// write has f write size bytes at the level that a write gets which asks for d.
func (e *Engine) write(s *stripe, size int, d kv.Durability, f func(level kv.Durability) error) error {
	if e.early != nil {
		defer e.early.begin()()
	}
	level, err := e.syncs.level(max(d, e.least))
	if err != nil {
		return err
	}
	if err = f(level); err == nil {
		s.userBytes.Add(int64(size))
		e.syncs.wrote(level)
	}
	return err
}

// gives returns why a write cannot ask for d, or nil.
func (e *Engine) gives(d kv.Durability) error {
	if slices.Contains(e.durabilities, d) {
		return nil
	}
	return fmt.Errorf("%w: durability %v, only %v", kv.ErrUnsupported, d, e.durabilities)
}

// Snapshot implements [kv.Engine].
func (e *Engine) Snapshot() (kv.Snapshot, error) {
	s := e.gate.enter()
	if s == nil {
		return nil, kv.ErrClosed
	}
	defer s.leave()
	view, err := e.store.Snapshot()
	if err != nil {
		return nil, err
	}
	e.gate.Hold()
	e.early.wait()
	return &snapshot{view: view, engine: e.gate, gate: newGate(1, func() error {
		return errors.Join(view.Close(), e.gate.Release())
	})}, nil
}

// Close implements [io.Closer].
func (e *Engine) Close() error {
	e.syncs.end()
	return e.gate.Close()
}

// Do runs f, a call of the library, unless the engine is closed.
func (e *Engine) Do(f func() error) error {
	s := e.gate.enter()
	if s == nil {
		return kv.ErrClosed
	}
	defer s.leave()
	return f()
}

// Measure has f fill metrics, unless the engine is closed. UserBytes counts
// encoded batches: about three bytes an operation more than keys and values.
func (e *Engine) Measure(f func(m *kv.Metrics)) (m kv.Metrics) {
	_ = e.Do(func() error { // closed: all is zero
		for i := range e.gate.stripes {
			m.UserBytes += e.gate.stripes[i].userBytes.Load()
		}
		f(&m)
		return nil
	})
	return m
}

type snapshot struct {
	view   View
	engine *gate
	gate   *gate
}

func (s *snapshot) enter() *stripe {
	if s.engine.isClosed() {
		return nil
	}
	return s.gate.enter()
}

func (s *snapshot) Get(dst, key []byte) ([]byte, error) {
	in := s.enter()
	if in == nil {
		return dst, kv.ErrClosed
	}
	defer in.leave()
	return s.view.Get(dst, key)
}

func (s *snapshot) Scan(lower, upper []byte) kv.Iterator {
	in := s.enter()
	if in == nil {
		return &iterator{position: refused(s.engine)}
	}
	defer in.leave()
	return newIterator(s.view, s.engine, s.gate, lower, upper)
}

func (s *snapshot) ScanReverse(lower, upper []byte) kv.ReverseIterator {
	in := s.enter()
	if in == nil {
		return &reverseIterator{position: refused(s.engine)}
	}
	defer in.leave()
	return newReverseIterator(s.view, s.engine, s.gate, lower, upper)
}

func (s *snapshot) Close() error { return s.gate.Close() }

// Package adapter holds what the adapters of foreign libraries share: the
// contract's rules about closing, refused batches and bounds, so that an
// adapter is nothing but calls of its library.
//
// Libraries differ in what happens when they are used after Close, or closed
// while they are used: errors, panics, or a crash of the process in the case of
// mapped memory. A [Gate] stands before all of them. If iterators or snapshots
// are still open at Close, the library is closed with the last of them.
package adapter

import (
	"bytes"
	"errors"
	"fmt"

	"lsmlab/engines/kv"
)

// View is one state of a library's database. Bounds are as in [kv.Reader], and
// never inverted or equal.
type View interface {
	Get(dst, key []byte) ([]byte, error)
	Scan(lower, upper []byte) (Cursor, error)
	Close() error
}

// Store is a library's database. A batch is within the limits, is not empty and
// asks for a rung that the store gives.
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

// Engine makes a [kv.Engine] of a Store. Adapters embed it and add what else
// their library can do.
type Engine struct {
	gate  *Gate
	store Store
	rungs []kv.Durability
	// least is the level that a write gets at least.
	least kv.Durability
	early *barrier // or nil
	syncs *syncing // or nil
}

// New returns an engine that owns store and gives the rungs named.
func New(store Store, rungs ...kv.Durability) *Engine {
	return &Engine{gate: NewGate(engineStripes, store.Close), store: store, rungs: rungs}
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

// Get implements [kv.Reader].
func (e *Engine) Get(dst, key []byte) ([]byte, error) {
	s := e.gate.Enter()
	if s == nil {
		return dst, kv.ErrClosed
	}
	defer s.Leave()
	dst, err := e.store.Get(dst, key)
	e.early.wait()
	return dst, err
}

// Scan implements [kv.Reader].
func (e *Engine) Scan(lower, upper []byte) kv.Iterator {
	s := e.gate.Enter()
	if s == nil {
		return &iterator{engine: e.gate, err: kv.ErrClosed}
	}
	defer s.Leave()
	it := newIterator(e.store, e.gate, e.gate, lower, upper)
	e.early.wait()
	return it
}

// Apply implements [kv.Engine].
func (e *Engine) Apply(b *kv.Batch, d kv.Durability) error {
	s := e.gate.Enter()
	if s == nil {
		return kv.ErrClosed
	}
	defer s.Leave()
	if err := b.Check(); err != nil {
		return err
	}
	if !e.gives(d) {
		return fmt.Errorf("%w: durability %v, only %v", kv.ErrUnsupported, d, e.rungs)
	}
	if b.Len() == 0 {
		return nil
	}
	if e.early != nil {
		defer e.early.begin()()
	}
	level, err := e.syncs.level(max(d, e.least))
	if err != nil {
		return err
	}
	err = e.store.Apply(b, level)
	if err == nil {
		s.userBytes.Add(int64(len(b.Bytes())))
		e.syncs.wrote(level)
	}
	return err
}

func (e *Engine) gives(d kv.Durability) bool {
	for _, r := range e.rungs {
		if r == d {
			return true
		}
	}
	return false
}

// Snapshot implements [kv.Engine].
func (e *Engine) Snapshot() (kv.Snapshot, error) {
	s := e.gate.Enter()
	if s == nil {
		return nil, kv.ErrClosed
	}
	defer s.Leave()
	view, err := e.store.Snapshot()
	if err != nil {
		return nil, err
	}
	e.gate.Hold()
	e.early.wait()
	return &snapshot{view: view, engine: e.gate, gate: NewGate(1, func() error {
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
	s := e.gate.Enter()
	if s == nil {
		return kv.ErrClosed
	}
	defer s.Leave()
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
	engine *Gate
	gate   *Gate
}

func (s *snapshot) enter() *Stripe {
	if s.engine.Closed() {
		return nil
	}
	return s.gate.Enter()
}

func (s *snapshot) Get(dst, key []byte) ([]byte, error) {
	in := s.enter()
	if in == nil {
		return dst, kv.ErrClosed
	}
	defer in.Leave()
	return s.view.Get(dst, key)
}

func (s *snapshot) Scan(lower, upper []byte) kv.Iterator {
	in := s.enter()
	if in == nil {
		return &iterator{engine: s.engine, err: kv.ErrClosed}
	}
	defer in.Leave()
	return newIterator(s.view, s.engine, s.gate, lower, upper)
}

func (s *snapshot) Close() error { return s.gate.Close() }

// iterator adds to a Cursor what the contract says of moves and of closing.
type iterator struct {
	cursor     Cursor // nil if there is nothing to walk
	engine     *Gate
	owner      *Gate // held until Close: of the engine or of the snapshot
	lower      []byte
	key, value []byte
	moved, ok  bool
	err        error
}

func newIterator(view View, engine, owner *Gate, lower, upper []byte) *iterator {
	it := &iterator{engine: engine, lower: lower}
	if upper != nil && bytes.Compare(lower, upper) >= 0 {
		return it
	}
	it.cursor, it.err = view.Scan(lower, upper)
	if it.err == nil {
		owner.Hold()
		it.owner = owner
	}
	return it
}

// usable says whether a move may touch the cursor.
func (it *iterator) usable() bool {
	it.moved, it.ok = true, false
	if it.engine.Closed() {
		it.err = kv.ErrClosed
		return false
	}
	return it.cursor != nil
}

func (it *iterator) First() bool {
	if it.usable() {
		it.key, it.value, it.ok = it.cursor.First()
	}
	return it.ok
}

func (it *iterator) SeekGE(key []byte) bool {
	if bytes.Compare(key, it.lower) <= 0 {
		return it.First()
	}
	if it.usable() {
		it.key, it.value, it.ok = it.cursor.SeekGE(key)
	}
	return it.ok
}

func (it *iterator) Next() bool {
	if !it.moved {
		return it.First()
	}
	if stood := it.ok; it.usable() && stood {
		it.key, it.value, it.ok = it.cursor.Next()
	}
	return it.ok
}

func (it *iterator) Key() []byte   { return it.key }
func (it *iterator) Value() []byte { return it.value }

func (it *iterator) Close() error {
	err := it.err
	if err == nil && it.engine.Closed() {
		err = kv.ErrClosed
	}
	if it.cursor != nil {
		err = errors.Join(err, it.cursor.Close(), it.owner.Release())
		it.cursor = nil
	}
	it.err = kv.ErrClosed // for any use after
	return err
}

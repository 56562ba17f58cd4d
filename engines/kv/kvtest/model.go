package kvtest

import (
	"sync"

	"github.com/tidwall/btree"

	"lsmlab/engines/kv"
)

// state is one content of a store, the naive truth that engines are compared
// with. Copies cost nothing: nodes are shared until one side writes.
type state struct{ btree.Map[string, string] }

func (s *state) clone() *state { return &state{*s.Copy()} }

// apply applies an encoded batch.
func (s *state) apply(ops kv.Ops) {
	for ops.Next() {
		if ops.Kind == kv.OpSet {
			s.Set(string(ops.Key), string(ops.Value))
		} else {
			s.Delete(string(ops.Key))
		}
	}
}

// cursor walks one state as [kv.Iterator] asks for; the state must not change.
type cursor struct {
	it           btree.MapIter[string, string]
	lower, upper []byte
	moved, ok    bool
}

func (s *state) scan(lower, upper []byte) *cursor {
	return &cursor{it: s.Iter(), lower: lower, upper: upper}
}

func (c *cursor) First() bool { return c.SeekGE(c.lower) }

func (c *cursor) SeekGE(key []byte) bool {
	if string(key) < string(c.lower) {
		key = c.lower
	}
	return c.settle(c.it.Seek(string(key)))
}

func (c *cursor) Next() bool {
	if !c.moved {
		return c.First()
	}
	return c.settle(c.ok && c.it.Next())
}

func (c *cursor) settle(ok bool) bool {
	c.moved = true
	c.ok = ok && (c.upper == nil || c.it.Key() < string(c.upper))
	return c.ok
}

func (c *cursor) Key() []byte   { return []byte(c.it.Key()) }
func (c *cursor) Value() []byte { return []byte(c.it.Value()) }

// Model is the naive store as an engine: a sorted map in memory under one lock.
// It gives no durability, and claims all.
type Model struct {
	mu     sync.RWMutex
	state  state
	closed bool
}

// NewModel returns an empty store.
func NewModel() *Model { return &Model{} }

// Apply implements [kv.Engine].
func (m *Model) Apply(b *kv.Batch, d kv.Durability) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return kv.ErrClosed
	}
	if d > kv.Synced {
		return kv.ErrUnsupported
	}
	if err := b.Check(); err != nil {
		return err
	}
	m.state.apply(b.Ops())
	return nil
}

// Get implements [kv.Reader].
func (m *Model) Get(dst, key []byte) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.get(&m.state, dst, key)
}

func (m *Model) get(s *state, dst, key []byte) ([]byte, error) {
	if m.closed {
		return dst, kv.ErrClosed
	}
	value, ok := s.Get(string(key))
	if !ok {
		return dst, kv.ErrNotFound
	}
	return append(dst, value...), nil
}

// Scan implements [kv.Reader].
func (m *Model) Scan(lower, upper []byte) kv.Iterator {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &modelIter{cursor: *m.state.clone().scan(lower, upper), m: m}
}

// Snapshot implements [kv.Engine].
func (m *Model) Snapshot() (kv.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, kv.ErrClosed
	}
	return &modelSnapshot{m: m, state: m.state.clone()}, nil
}

// Close implements [io.Closer].
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return kv.ErrClosed
	}
	m.closed = true
	return nil
}

func (m *Model) isClosed() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.closed
}

type modelSnapshot struct {
	m      *Model
	state  *state
	closed bool // guarded by m.mu
}

func (s *modelSnapshot) Get(dst, key []byte) ([]byte, error) {
	s.m.mu.RLock()
	defer s.m.mu.RUnlock()
	if s.closed {
		return dst, kv.ErrClosed
	}
	return s.m.get(s.state, dst, key)
}

func (s *modelSnapshot) Scan(lower, upper []byte) kv.Iterator {
	s.m.mu.RLock()
	defer s.m.mu.RUnlock()
	return &modelIter{cursor: *s.state.scan(lower, upper), m: s.m, refused: s.closed}
}

func (s *modelSnapshot) Close() error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.closed || s.m.closed {
		return kv.ErrClosed
	}
	s.closed = true
	return nil
}

type modelIter struct {
	cursor
	m       *Model
	refused bool // by a snapshot that was closed
}

func (i *modelIter) usable() bool { return !i.refused && !i.m.isClosed() }

func (i *modelIter) First() bool            { return i.usable() && i.cursor.First() }
func (i *modelIter) SeekGE(key []byte) bool { return i.usable() && i.cursor.SeekGE(key) }
func (i *modelIter) Next() bool             { return i.usable() && i.cursor.Next() }

func (i *modelIter) Close() error {
	if !i.usable() {
		return kv.ErrClosed
	}
	return nil
}

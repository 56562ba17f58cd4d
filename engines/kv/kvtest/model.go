package kvtest

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"lsmlab/engines/kv"
)

// Model is the naive store as an engine: a sorted map in memory under one lock, with
// all abilities of the contract. It gives no durability, and claims all.
type Model struct {
	mu     sync.RWMutex
	state  state
	closed bool
	lsn    uint64
	past   []moment // the newest states, oldest first; the last one is the present one
	open   int      // transactions that write and run
	log    []write  // what was applied since open was last 0

	// applied, if set, is called under the lock with the state after each batch or
	// commit that wrote.
	applied func(now *state, d kv.Durability)
	// checkpoint, if set, makes a store of a state in a directory.
	checkpoint func(dir string, s *state) error
}

// moment is the state after a batch, which began with the LSN first.
type moment struct {
	first, last uint64
	at          time.Time
	state       *state
}

// mostMoments is how much of the past a model keeps.
const mostMoments = 300

// write is an operation that was applied, for transactions to look for conflicts.
type write struct {
	lsn uint64
	span
}

// NewModel returns an empty store.
func NewModel() *Model { return newModel(new(state)) }

func newModel(s *state) *Model {
	m := &Model{state: *s}
	m.remember(0)
	return m
}

// remember keeps the present state, which a batch of n operations made.
func (m *Model) remember(n int) {
	m.lsn += uint64(n)
	m.past = append(m.past, moment{m.lsn - uint64(n) + 1, m.lsn, time.Now(), m.state.clone()})
	if len(m.past) > mostMoments {
		m.past = slices.Delete(m.past, 0, 1)
	}
}

// Apply implements [kv.Engine].
func (m *Model) Apply(b *kv.Batch, d kv.Durability) error {
	_, err := m.ApplyLSN(b, d)
	return err
}

// ApplyLSN implements [kv.LSNApplier].
func (m *Model) ApplyLSN(b *kv.Batch, d kv.Durability) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.apply(b, d)
}

func (m *Model) apply(b *kv.Batch, d kv.Durability) (uint64, error) {
	if m.closed {
		return 0, kv.ErrClosed
	}
	if d > kv.Synced {
		return 0, kv.ErrUnsupported
	}
	if err := b.Check(); err != nil || b.Len() == 0 {
		return 0, err
	}
	m.state.apply(b.Ops())
	m.remember(b.Len())
	if m.open > 0 {
		for ops := b.Ops(); ops.Next(); {
			m.log = append(m.log, write{m.lsn, spanOf(ops)})
		}
	}
	if m.applied != nil {
		m.applied(&m.state, d)
	}
	return m.lsn, nil
}

// LSN implements [kv.LSNReporter].
func (m *Model) LSN() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.lsn
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
func (m *Model) Scan(lower, upper []byte) kv.Iterator { return m.iter(lower, upper) }

// ScanReverse implements [kv.ReverseScanner].
func (m *Model) ScanReverse(lower, upper []byte) kv.ReverseIterator { return m.iter(lower, upper) }

func (m *Model) iter(lower, upper []byte) *modelIter {
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

// SnapshotAt implements [kv.Historian].
func (m *Model) SnapshotAt(lsn uint64) (kv.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if lsn > m.lsn {
		return nil, fmt.Errorf("%w: LSN %d, the newest is %d", kv.ErrNotFound, lsn, m.lsn)
	}
	return m.snapshotOf(func(then moment) bool { return then.last <= lsn })
}

// SnapshotAtTime implements [kv.Historian].
func (m *Model) SnapshotAtTime(t time.Time) (kv.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.snapshotOf(func(then moment) bool { return !then.at.After(t) })
}

// snapshotOf returns a view of the newest moment that is wanted.
func (m *Model) snapshotOf(wanted func(moment) bool) (kv.Snapshot, error) {
	if m.closed {
		return nil, kv.ErrClosed
	}
	for _, then := range slices.Backward(m.past) {
		if wanted(then) {
			return &modelSnapshot{m: m, state: then.state}, nil
		}
	}
	return nil, kv.ErrSnapshotTooOld
}

// Checkpoint implements [kv.Checkpointer]: an empty directory stands for the store that
// the model's maker keeps of the state.
func (m *Model) Checkpoint(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return kv.ErrClosed
	}
	if m.checkpoint == nil {
		return kv.ErrUnsupported
	}
	return m.checkpoint(filepath.Clean(dir), m.state.clone())
}

// Verify implements [kv.Verifier].
func (m *Model) Verify() error {
	if m.isClosed() {
		return kv.ErrClosed
	}
	return nil
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

// modelSnapshot is a view of a state that nobody changes.
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

func (s *modelSnapshot) Scan(lower, upper []byte) kv.Iterator { return s.iter(lower, upper) }

func (s *modelSnapshot) ScanReverse(lower, upper []byte) kv.ReverseIterator {
	return s.iter(lower, upper)
}

func (s *modelSnapshot) iter(lower, upper []byte) *modelIter {
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
	refused bool // by a snapshot or transaction that has ended
}

func (i *modelIter) usable() bool { return !i.refused && !i.m.isClosed() }

func (i *modelIter) First() bool            { return i.usable() && i.cursor.First() }
func (i *modelIter) SeekGE(key []byte) bool { return i.usable() && i.cursor.SeekGE(key) }
func (i *modelIter) Next() bool             { return i.usable() && i.cursor.Next() }
func (i *modelIter) Last() bool             { return i.usable() && i.cursor.Last() }
func (i *modelIter) SeekLT(key []byte) bool { return i.usable() && i.cursor.SeekLT(key) }
func (i *modelIter) Prev() bool             { return i.usable() && i.cursor.Prev() }

func (i *modelIter) Close() error {
	if !i.usable() {
		return kv.ErrClosed
	}
	return nil
}

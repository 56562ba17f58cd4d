package kvtest

import (
	"bytes"
	"fmt"

	"lsmlab/engines/kv"
)

// span is what an operation reads or writes: one key, or [lower, upper) of them.
type span struct {
	lower, upper []byte // upper nil: unbounded
	point        bool   // the key lower alone
}

func pointAt(key []byte) span { return span{lower: bytes.Clone(key), point: true} }

func rangeOf(lower, upper []byte) span {
	return span{lower: bytes.Clone(lower), upper: bytes.Clone(upper)}
}

func spanOf(op kv.Ops) span {
	if op.Kind == kv.OpDeleteRange {
		return rangeOf(op.Key, op.Value)
	}
	return pointAt(op.Key)
}

// has says whether key is in s.
func (s span) has(key []byte) bool {
	if s.point {
		return bytes.Equal(s.lower, key)
	}
	return bytes.Compare(s.lower, key) <= 0 && (s.upper == nil || bytes.Compare(key, s.upper) < 0)
}

// meets says whether a key can be in both.
func (s span) meets(o span) bool {
	switch {
	case o.point:
		return s.has(o.lower)
	case s.point:
		return o.has(s.lower)
	}
	starts := func(a, b span) bool { return a.upper == nil || bytes.Compare(b.lower, a.upper) < 0 }
	return starts(s, o) && starts(o, s)
}

// modelTxn is a transaction of a [Model], the naive way: it runs on a copy of the
// state, notes what it reads and writes, and compares that at the end with the list of
// all that was applied meanwhile.
type modelTxn struct {
	m        *Model
	o        kv.TxnOptions
	readLSN  uint64
	lsn      uint64
	view     *state // under ReadCommitted renewed by each read
	reads    []span
	batch    kv.Batch
	finished bool // guarded by m.mu
}

// Begin implements [kv.Transactor].
func (m *Model) Begin(o kv.TxnOptions) (kv.Txn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, kv.ErrClosed
	}
	if o.Isolation < kv.ReadCommitted || o.Isolation > kv.Serializable {
		return nil, fmt.Errorf("%w: %v", kv.ErrUnsupported, o.Isolation)
	}
	if !o.ReadOnly {
		m.open++
	}
	return &modelTxn{m: m, o: o, readLSN: m.lsn, view: m.state.clone()}, nil
}

// ReadLSN implements [kv.LSNTxn].
func (t *modelTxn) ReadLSN() uint64 { return t.readLSN }

// CommitLSN implements [kv.LSNTxn].
func (t *modelTxn) CommitLSN() uint64 { return t.lsn }

// read returns the state that the transaction sees now, with its own writes, and notes
// what is read of it. The model is locked.
func (t *modelTxn) read(what span) *state {
	if t.o.Isolation == kv.ReadCommitted {
		t.readLSN, t.view = t.m.lsn, t.m.state.clone()
	}
	t.reads = append(t.reads, what)
	s := t.view.clone()
	s.apply(t.batch.Ops())
	return s
}

func (t *modelTxn) Get(dst, key []byte) ([]byte, error) {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	if t.finished {
		return dst, kv.ErrClosed
	}
	return t.m.get(t.read(pointAt(key)), dst, key)
}

func (t *modelTxn) Scan(lower, upper []byte) kv.Iterator { return t.iter(lower, upper) }

func (t *modelTxn) ScanReverse(lower, upper []byte) kv.ReverseIterator { return t.iter(lower, upper) }

func (t *modelTxn) iter(lower, upper []byte) *modelIter {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	return &modelIter{cursor: *t.read(rangeOf(lower, upper)).scan(lower, upper), m: t.m, refused: t.finished}
}

func (t *modelTxn) Set(key, value []byte) error {
	return t.write(func(b *kv.Batch) { b.Set(key, value) })
}

func (t *modelTxn) Delete(key []byte) error {
	return t.write(func(b *kv.Batch) { b.Delete(key) })
}

func (t *modelTxn) write(add func(b *kv.Batch)) error {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	switch {
	case t.finished || t.m.closed:
		return kv.ErrClosed
	case t.o.ReadOnly:
		return kv.ErrUnsupported
	}
	var one kv.Batch
	add(&one)
	if err := one.Check(); err != nil {
		return err
	}
	add(&t.batch)
	return nil
}

func (t *modelTxn) Commit(d kv.Durability) (err error) {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	if t.finished || t.m.closed {
		return kv.ErrClosed
	}
	defer t.end()
	if d > kv.Synced {
		return kv.ErrUnsupported
	}
	if t.conflicts() {
		return kv.ErrConflict
	}
	t.lsn, err = t.m.apply(&t.batch, d)
	return err
}

// conflicts says whether the isolation level forbids the commit.
func (t *modelTxn) conflicts() bool {
	for _, w := range t.m.log {
		if w.lsn > t.readLSN && t.batch.Len() > 0 && t.forbids(w.span) {
			return true
		}
	}
	return false
}

// forbids says whether the transaction may not commit after somebody else wrote what.
func (t *modelTxn) forbids(what span) bool {
	switch t.o.Isolation {
	case kv.SnapshotIsolation:
		for ops := t.batch.Ops(); ops.Next(); {
			if what.has(ops.Key) {
				return true
			}
		}
	case kv.Serializable:
		for _, r := range t.reads {
			if what.meets(r) {
				return true
			}
		}
	}
	return false
}

// end is called once, with the model locked.
func (t *modelTxn) end() {
	t.finished = true
	if t.o.ReadOnly {
		return
	}
	if t.m.open--; t.m.open == 0 {
		t.m.log = nil
	}
}

func (t *modelTxn) Discard() {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	if !t.finished {
		t.end()
	}
}

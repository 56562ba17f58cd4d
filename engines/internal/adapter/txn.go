package adapter

import (
	"errors"
	"fmt"
	"slices"

	"lsmlab/engines/kv"
)

// Txn is a library's transaction. Its reads see its writes; a cursor sees those that were
// made before it. The adapter closes all cursors before it calls Commit or Close, and
// calls one of those two, once.
type Txn interface {
	View // Close discards it
	// Set and Delete copy what they are given. An error that wraps [kv.ErrConflict]
	// says that the transaction cannot commit.
	Set(key, value []byte) error
	Delete(key []byte) error
	// Commit ends the transaction, whatever it returns. There was a write, and the level
	// is one that the store gives.
	Commit(d kv.Durability) error
}

// Transactor implements [kv.Transactor] for an engine.
type Transactor struct {
	engine *Engine
	levels []kv.Isolation
	begin  func(level kv.Isolation) (Txn, error)
}

// NewTransactor returns one that gives those levels by begin, which is called for
// transactions that may write. Those that only read are snapshots.
func NewTransactor(e *Engine, begin func(level kv.Isolation) (Txn, error), levels ...kv.Isolation) *Transactor {
	return &Transactor{e, levels, begin}
}

// Begin implements [kv.Transactor]. The engine can be closed while Begin waits for
// another transaction.
func (t *Transactor) Begin(o kv.TxnOptions) (kv.Txn, error) {
	gate := t.engine.gate
	s := gate.enter()
	if s == nil {
		return nil, kv.ErrClosed
	}
	if !slices.Contains(t.levels, o.Isolation) {
		s.leave()
		return nil, t.refuse(o.Isolation)
	}
	gate.Hold()
	s.leave()
	x := &txn{engine: t.engine, open: map[*position]struct{}{}}
	err := x.begin(t, o)
	if err == nil && gate.isClosed() {
		err = errors.Join(kv.ErrClosed, x.view.Close())
	}
	if err != nil {
		return nil, errors.Join(err, gate.Release())
	}
	t.engine.early.wait()
	return x, nil
}

func (t *Transactor) refuse(level kv.Isolation) error {
	if len(t.levels) == 0 {
		return fmt.Errorf("%w: the store was opened without Options.Transactions", kv.ErrUnsupported)
	}
	return fmt.Errorf("%w: isolation level %v, only %v", kv.ErrUnsupported, level, t.levels)
}

// txn adds to a Txn what the contract says of its end, of limits and of iterators.
type txn struct {
	engine   *Engine
	view     View
	tx       Txn // the view; nil if it only reads
	open     map[*position]struct{}
	writes   int
	size     int   // bytes of keys and values written
	conflict error // that a write has met
	ended    bool
}

func (x *txn) begin(t *Transactor, o kv.TxnOptions) (err error) {
	if o.ReadOnly {
		x.view, err = t.engine.store.Snapshot()
		return err
	}
	x.tx, err = t.begin(o.Isolation)
	x.view = x.tx
	return err
}

func (x *txn) usable() bool { return !x.ended && !x.engine.gate.isClosed() }

// Get implements [kv.Reader].
func (x *txn) Get(dst, key []byte) ([]byte, error) {
	if !x.usable() {
		return dst, kv.ErrClosed
	}
	dst, err := x.view.Get(dst, key)
	x.engine.early.wait()
	return dst, err
}

// Scan implements [kv.Reader].
func (x *txn) Scan(lower, upper []byte) kv.Iterator {
	if !x.usable() {
		return &iterator{position: refused(x.engine.gate)}
	}
	it := newIterator(x.view, x.engine.gate, nobody{}, lower, upper)
	x.keep(&it.position)
	return it
}

// ScanReverse implements [kv.ReverseScanner].
func (x *txn) ScanReverse(lower, upper []byte) kv.ReverseIterator {
	if !x.usable() {
		return &reverseIterator{position: refused(x.engine.gate)}
	}
	it := newReverseIterator(x.view, x.engine.gate, nobody{}, lower, upper)
	x.keep(&it.position)
	return it
}

// keep notes an iterator, which the end of the transaction has to close.
func (x *txn) keep(p *position) {
	if p.close != nil {
		x.open[p] = struct{}{}
		p.owner = iterating{x, p}
	}
	x.engine.early.wait()
}

// iterating is a transaction as the owner of an iterator.
type iterating struct {
	x *txn
	p *position
}

func (i iterating) Hold() {}

func (i iterating) Release() error {
	delete(i.x.open, i.p)
	return nil
}

// nobody owns an iterator until its transaction does.
type nobody struct{}

func (nobody) Hold()          {}
func (nobody) Release() error { return nil }

// Set implements [kv.Txn].
func (x *txn) Set(key, value []byte) error {
	return x.write(key, value, func() error { return x.tx.Set(key, value) })
}

// Delete implements [kv.Txn].
func (x *txn) Delete(key []byte) error {
	return x.write(key, nil, func() error { return x.tx.Delete(key) })
}

func (x *txn) write(key, value []byte, do func() error) error {
	switch size := x.size + len(key) + len(value); {
	case !x.usable():
		return kv.ErrClosed
	case x.tx == nil:
		return fmt.Errorf("%w: a write of a read-only transaction", kv.ErrUnsupported)
	case x.conflict != nil:
		return x.conflict
	case len(key) > kv.MaxKeySize || len(value) > kv.MaxValueSize || size > kv.MaxBatchSize:
		return fmt.Errorf("%w: key of %d bytes, value of %d bytes, %d in the transaction", kv.ErrTooLarge, len(key), len(value), size)
	}
	err := do()
	switch {
	case err == nil:
		x.writes++
		x.size += len(key) + len(value)
	case errors.Is(err, kv.ErrConflict):
		x.conflict = err
	}
	return err
}

// Commit implements [kv.Txn].
func (x *txn) Commit(d kv.Durability) error {
	if x.ended {
		return kv.ErrClosed
	}
	s := x.engine.gate.enter()
	if s == nil {
		x.Discard()
		return kv.ErrClosed
	}
	defer s.leave()
	err := x.engine.gives(d)
	if err == nil {
		err = x.conflict
	}
	if err != nil || x.writes == 0 {
		x.Discard()
		return err
	}
	x.end()
	err = x.engine.write(s, x.size, d, x.tx.Commit)
	return errors.Join(err, x.engine.gate.Release())
}

// Discard implements [kv.Txn].
func (x *txn) Discard() {
	if x.ended {
		return
	}
	x.end()
	_ = x.view.Close() // nothing of it counts
	_ = x.engine.gate.Release()
}

// end closes the iterators that are open, which is their user's mistake: libraries panic
// at it, or leave them with memory that is unmapped.
func (x *txn) end() {
	x.ended = true
	for p := range x.open {
		p.err = errors.Join(kv.ErrClosed, p.close())
		p.close = nil
	}
	x.open = nil
}

package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lsmlab/engines/kv"
)

// Why a transaction ended without a commit, beside [kv.ErrConflict].
var (
	ErrTooManyTxns = errors.New("as many transactions are open as limits.transactions allows")
	ErrTxnExpired  = errors.New("the transaction was open for longer than limits.transaction_time, nothing of it was applied")
)

// Txn is a transaction of one client. It is used by one goroutine at a time, which
// must call End. Each step is admitted as an operation of its own.
//
// A client that leaves a transaction open holds versions in the engine and, of engines
// with one writer at a time, the place of that writer. So a transaction that is older
// than limits.transaction_time fails at its next step with [ErrTxnExpired]; whoever
// waits for the client's next step waits no longer than until Deadline.
type Txn struct {
	store    *Store
	engine   *engine
	txn      kv.Txn
	deadline time.Time
	written  lockSet
}

// Begin begins a transaction of a client.
func (s *Store) Begin(o kv.TxnOptions) (*Txn, error) {
	e, admitted, err := s.begin(reads)
	if err != nil {
		return nil, err
	}
	if e.transactor == nil {
		admitted.done(nil, 0)
		return nil, fmt.Errorf("%w: transactions", kv.ErrUnsupported)
	}
	limits := s.Settings().Limits
	if s.txns.Add(1) > int64(limits.Transactions) {
		s.txns.Add(-1)
		admitted.done(nil, 0)
		return nil, ErrTooManyTxns
	}
	txn, err := e.transactor.Begin(o)
	admitted.done(err, 0) // one writer at a time: how long it takes is up to another client
	if err != nil {
		s.txns.Add(-1)
		return nil, e.stoppedRead(err)
	}
	return &Txn{store: s, engine: e, txn: txn, deadline: time.Now().Add(limits.TransactionTime.Duration)}, nil
}

// Transactions returns how many transactions of clients are open.
func (s *Store) Transactions() int64 { return s.txns.Load() }

// Deadline is when the transaction expires.
func (t *Txn) Deadline() time.Time { return t.deadline }

// ReadLSN is the LSN of the newest write that t sees; 0 if the engine has none.
func (t *Txn) ReadLSN() uint64 {
	if l, ok := t.txn.(kv.LSNTxn); ok {
		return l.ReadLSN()
	}
	return 0
}

// step admits a step of t.
func (t *Txn) step(k kind) (admission, error) {
	if time.Now().After(t.deadline) {
		t.txn.Discard()
		return admission{}, ErrTxnExpired
	}
	return t.store.guard.Load().admit(k)
}

// Get appends the value of key to dst, within the bounds of memory: h holds at least
// copies times the value when it returns.
func (t *Txn) Get(ctx context.Context, h *Hold, copies int, dst, key []byte) ([]byte, error) {
	admitted, err := t.step(reads)
	if err != nil {
		return dst, err
	}
	start := time.Now()
	t.store.reading <- struct{}{}
	value, err := t.txn.Get(dst, key)
	<-t.store.reading
	err = t.engine.stoppedRead(err)
	admitted.done(err, time.Since(start))
	if err != nil {
		return value, err
	}
	return value, h.Grow(ctx, int64(copies)*int64(len(value)-len(dst)))
}

// Scan is [Store.Scan] of what t sees.
func (t *Txn) Scan(ctx context.Context, lower, upper []byte, limit int, visit func(key, value []byte) error) error {
	admitted, err := t.step(reads)
	if err != nil {
		return err
	}
	return t.engine.walk(ctx, t.txn, admitted, lower, upper, limit, visit)
}

// Set adds a write.
func (t *Txn) Set(key, value []byte) error {
	return t.write(key, func() error { return t.txn.Set(key, value) })
}

// Delete adds a write.
func (t *Txn) Delete(key []byte) error {
	return t.write(key, func() error { return t.txn.Delete(key) })
}

func (t *Txn) write(key []byte, write func() error) error {
	admitted, err := t.step(writes)
	if err != nil {
		return err
	}
	err = write()
	admitted.done(err, 0)
	t.store.locks.add(&t.written, key)
	return err
}

// Commit ends t and returns the LSN of its last write; 0 if it wrote nothing or the
// engine has none. It waits for an Update of the keys that t wrote, as Apply does.
func (t *Txn) Commit(d kv.Durability) (lsn uint64, err error) {
	admitted, err := t.step(writes)
	if err != nil {
		return 0, err
	}
	t.store.locks.rlock(&t.written)
	defer t.store.locks.runlock(&t.written)
	start := time.Now()
	err = t.engine.stoppedWrite(t.txn.Commit(d))
	admitted.done(err, time.Since(start))
	if l, ok := t.txn.(kv.LSNTxn); ok && err == nil {
		lsn = l.CommitLSN()
	}
	return lsn, err
}

// End discards t unless it has committed.
func (t *Txn) End() {
	t.txn.Discard()
	t.store.txns.Add(-1)
}

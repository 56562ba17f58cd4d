package workloads

import (
	"errors"
	"fmt"
	"runtime"

	"lsmlab/engines/kv"
)

// program is one transaction of a workload with its arguments. What it reads decides
// what it writes, so it is a piece of code and no list of operations. It belongs to one
// stream, which draws its arguments; running it again with the same arguments is the
// retry after a conflict.
type program interface {
	// run does the reads and writes. It returns errRollback where the workload wants the
	// transaction rolled back; any other error is that of the engine, or says what was
	// read that cannot be.
	run(t *txn) error
	// committed is called once after the commit, so that the ledger knows what to expect
	// of the store.
	committed()
	// String gives the arguments, for goldens.
	String() string
}

// errRollback is how a program rolls its transaction back. It is part of the workload,
// not a failure.
var errRollback = errors.New("rolled back by the workload")

// maxAttempts bounds the attempts of one transaction. After that many conflicts it is
// given up: counted, and applied in no part. Between attempts the thread only lets others
// run, one of which may have the commit that is in the way: a pause of some time would hide
// the cost of conflicts in idle time.
const maxAttempts = 100

// txn is a transaction as programs see it. It counts what is read and written.
type txn struct {
	kv.Txn
	counts Counts // of this attempt
	value  []byte
}

// find reads a value. It is valid until the next read.
func (t *txn) find(key []byte) (value []byte, ok bool, err error) {
	value, err = t.Txn.Get(t.value[:0], key)
	t.counts.Reads++
	if errors.Is(err, kv.ErrNotFound) {
		t.counts.Misses++
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	t.value = value
	t.counts.BytesRead += int64(len(key) + len(value))
	return value, true, nil
}

// get reads a row that exists and has at least size bytes. The row is valid until the
// next read and may be changed.
func (t *txn) get(key []byte, size int) (row, error) {
	value, ok, err := t.find(key)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, fmt.Errorf("%w: row %s", ErrLost, quote(key))
	}
	return value, row(value).check(key, size)
}

func (t *txn) set(key, value []byte) error {
	if err := t.Txn.Set(key, value); err != nil {
		return err
	}
	t.counts.Writes++
	t.counts.BytesWritten += int64(len(key) + len(value))
	return nil
}

// transact runs a transaction until it commits, is rolled back by its program, or has
// met maxAttempts conflicts.
func (x *Executor) transact(op *Op) error {
	for range maxAttempts {
		err := x.attempt(op)
		switch {
		case err == nil:
			x.Counts.Commits++
			op.acknowledge()
			return nil
		case errors.Is(err, errRollback):
			x.Counts.Rollbacks++
			return nil
		case !errors.Is(err, kv.ErrConflict):
			return fmt.Errorf("%s (%s): %w", op.Kind, op.program, err)
		}
		x.Counts.Conflicts++
		runtime.Gosched()
	}
	x.Counts.GivenUp++
	return nil
}

// attempt runs a transaction once. What an attempt read counts in any case, what it
// wrote only after its commit.
func (x *Executor) attempt(op *Op) error {
	if x.transactor == nil {
		return fmt.Errorf("transactions: %w: this engine has none", kv.ErrUnsupported)
	}
	began, err := x.transactor.Begin(kv.TxnOptions{Isolation: x.isolation, ReadOnly: op.ReadOnly})
	if err != nil {
		return err
	}
	defer began.Discard()
	t := &x.txn
	t.Txn, t.counts = began, Counts{}
	err = op.program.run(t)
	if err == nil {
		err = began.Commit(x.durability)
	}
	if err != nil {
		t.counts.Writes, t.counts.BytesWritten = 0, 0
	}
	x.Counts.Add(t.counts)
	return err
}

//go:build rocksdb

package rocksdb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/linxGnu/grocksdb"

	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
	"lsmlab/engines/peers"
)

// lockTimeoutMillis is how long a write waits for a lock before it gives up.
const lockTimeoutMillis = 1000

// openOptimistic opens a database whose transactions are compared at their commit.
func (s *store) openOptimistic(dir string) (*grocksdb.DB, error) {
	db, err := grocksdb.OpenOptimisticTransactionDb(s.options, dir)
	if err != nil {
		return nil, err
	}
	base := db.GetBaseDB()
	o := grocksdb.NewDefaultOptimisticTransactionOptions()
	o.SetSetSnapshot(true)
	s.begin = func() *grocksdb.Transaction { return db.TransactionBegin(s.txnWrites, o, nil) }
	s.closeDB = func() { db.CloseBaseDB(base); db.Close() }
	s.destroy = append(s.destroy, o.Destroy)
	return base, nil
}

// OpenPessimistic opens the store in dir, making it if it is missing, with transactions
// that lock what they write.
func OpenPessimistic(dir string, o peers.Options) (kv.Engine, error) {
	return open(dir, o, func(s *store) error { return s.openPessimistic(dir) })
}

func (s *store) openPessimistic(dir string) error {
	dbOptions := grocksdb.NewDefaultTransactionDBOptions()
	dbOptions.SetDefaultLockTimeout(lockTimeoutMillis)
	s.destroy = append(s.destroy, dbOptions.Destroy)
	db, err := grocksdb.OpenTransactionDb(s.options, dbOptions, dir)
	if err != nil {
		return err
	}
	o := grocksdb.NewDefaultTransactionOptions()
	o.SetSetSnapshot(true)
	o.SetDeadlockDetect(true)
	o.SetLockTimeout(lockTimeoutMillis)
	s.db, s.closeDB = db, db.Close
	s.begin = func() *grocksdb.Transaction { return db.TransactionBegin(s.txnWrites, o, nil) }
	s.destroy = append(s.destroy, o.Destroy)
	return nil
}

func (s *store) transactor(a *adapter.Engine) *adapter.Transactor {
	if s.begin == nil {
		return adapter.NewTransactor(a, nil)
	}
	return adapter.NewTransactor(a, func(kv.Isolation) (adapter.Txn, error) {
		// The view comes after the transaction's own snapshot: a write between the two is
		// seen, and is a conflict.
		tx := s.begin()
		return adapter.Overlay(&txn{s.snapshot(), tx}), nil
	}, kv.SnapshotIsolation)
}

// txn is a transaction of RocksDB and a view of the state that it began with.
type txn struct {
	*view
	tx *grocksdb.Transaction
}

// Write implements [adapter.Base]: RocksDB notes the key, or locks and compares it.
func (t *txn) Write(op kv.OpKind, key, value []byte) error {
	switch {
	case len(key) == 0:
		return conflict(t.writeEmptyKey(op, value))
	case op == kv.OpSet:
		return conflict(t.tx.Put(key, value))
	}
	return conflict(t.tx.Delete(key))
}

// writeEmptyKey writes by way of a batch: the binding passes the empty key as a null
// pointer, on which RocksDB ends the process when it indexes it.
func (t *txn) writeEmptyKey(op kv.OpKind, value []byte) error {
	b := grocksdb.NewWriteBatch()
	if op == kv.OpSet {
		b.Put(nil, value)
	} else {
		b.Delete(nil)
	}
	err := t.tx.RebuildFromWriteBatch(b) // it adds
	if err != nil {
		b.Destroy()
	}
	return err
}

// Commit implements [adapter.Base]; the transaction has the writes already.
func (t *txn) Commit(_ *kv.Batch, d kv.Durability) error {
	err := conflict(t.tx.Commit())
	if err == nil && d == kv.Synced && t.s.txnWrites != t.s.writes[kv.Synced] {
		err = t.s.sync()
	}
	return errors.Join(err, t.Close())
}

// Close implements [adapter.View].
func (t *txn) Close() error {
	t.tx.Destroy() // rolls back what was not committed
	return t.view.Close()
}

// conflict makes those errors of RocksDB, known by their text alone, match
// [kv.ErrConflict] that say so: a key was written since the snapshot, memtables do not
// reach back to it, a lock was not given in time or in a deadlock.
func conflict(err error) error {
	if err == nil {
		return nil
	}
	for _, text := range []string{"Resource busy", "Operation failed. Try again"} {
		if strings.HasPrefix(err.Error(), text) {
			return fmt.Errorf("%w: %w", kv.ErrConflict, err)
		}
	}
	if isTimeout(err) {
		return fmt.Errorf("%w: %w", kv.ErrConflict, err)
	}
	return corrupt(err)
}

func isTimeout(err error) bool {
	return err != nil && strings.HasPrefix(err.Error(), "Operation timed out")
}

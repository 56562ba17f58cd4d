package badger

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
)

// txn is a transaction of Badger that may write. Writes stay outside until the commit:
// then each bucket is written once, as by a batch.
type txn struct{ view }

func (s *store) begin(kv.Isolation) (adapter.Txn, error) {
	return adapter.Overlay(txn{view{s.db.NewTransaction(true)}}), nil
}

// Write implements [adapter.Base].
func (t txn) Write(kv.OpKind, []byte, []byte) error { return nil }

// Commit implements [adapter.Base].
func (t txn) Commit(b *kv.Batch, _ kv.Durability) error {
	err := commit(t.txn, b)
	if errors.Is(err, badger.ErrConflict) {
		return fmt.Errorf("%w: %w", kv.ErrConflict, err)
	}
	return err
}

// commit ends a transaction with the writes of b.
func commit(txn *badger.Txn, b *kv.Batch) error {
	defer txn.Discard()
	err := keys.Apply(b.Ops(), writer{txn})
	if err == nil {
		err = txn.Commit()
	}
	if errors.Is(err, badger.ErrTxnTooBig) {
		return fmt.Errorf("%w: batch of %d operations, %d bytes: %w", kv.ErrTooLarge, b.Len(), len(b.Bytes()), err)
	}
	return err
}

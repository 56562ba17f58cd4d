package bbolt

import (
	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
)

// txn is the one write transaction that bbolt lets run, and a view of the state before
// it. Writes stay outside until the commit: in bbolt they would spoil open cursors.
type txn struct {
	view
	s store
}

// write begins a transaction once no other runs.
func (s store) write(kv.Isolation) (adapter.Txn, error) {
	tx, err := s.db.Begin(true)
	if err != nil {
		return nil, err
	}
	return adapter.Overlay(txn{view{tx, tx.Bucket(bucketName)}, s}), nil
}

// Write implements [adapter.Base].
func (t txn) Write(kv.OpKind, []byte, []byte) error { return nil }

// Commit implements [adapter.Base].
func (t txn) Commit(b *kv.Batch, _ kv.Durability) error { return t.s.commitBatch(t.tx, b) }

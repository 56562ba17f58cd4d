package pebble

import (
	"github.com/cockroachdb/pebble/v2"

	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
)

// txn is an indexed batch. Its reads and iterators are those of the newest state, with
// the batch over it.
type txn struct {
	s     *store
	batch *pebble.Batch
}

func (s *store) begin(kv.Isolation) (adapter.Txn, error) {
	return &txn{s, s.db.NewIndexedBatch()}, nil
}

func (t *txn) Get(dst, key []byte) ([]byte, error) { return get(t.batch, dst, key) }

func (t *txn) Scan(lower, upper []byte) (adapter.Cursor, error) { return scan(t.batch, lower, upper) }

func (t *txn) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	return scan(t.batch, lower, upper)
}

func (t *txn) Set(key, value []byte) error {
	return t.batch.Set(adapter.StoredZeros(key), value, nil)
}

func (t *txn) Delete(key []byte) error { return t.batch.Delete(adapter.StoredZeros(key), nil) }

func (t *txn) Commit(d kv.Durability) error {
	defer func() { _ = t.batch.Close() }()
	return t.s.commit(t.batch, d)
}

func (t *txn) Close() error { return t.batch.Close() }

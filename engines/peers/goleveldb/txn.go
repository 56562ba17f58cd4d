package goleveldb

import (
	"github.com/syndtr/goleveldb/leveldb"

	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
)

// txn is LevelDB's transaction: the one writer until it ends.
type txn struct{ tr *leveldb.Transaction }

// begin begins a transaction once no other runs.
func (s store) begin(kv.Isolation) (adapter.Txn, error) {
	tr, err := s.db.OpenTransaction()
	return txn{tr}, corrupt(err)
}

func (t txn) Get(dst, key []byte) ([]byte, error) { return get(t.tr, dst, key) }

func (t txn) Scan(lower, upper []byte) (adapter.Cursor, error) { return scan(t.tr, lower, upper), nil }

func (t txn) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	return scan(t.tr, lower, upper), nil
}

func (t txn) Set(key, value []byte) error { return t.tr.Put(key, value, nil) }
func (t txn) Delete(key []byte) error     { return t.tr.Delete(key, nil) }

// Commit syncs tables and manifest, whatever d asks for.
func (t txn) Commit(kv.Durability) error {
	err := t.tr.Commit()
	if err != nil {
		t.tr.Discard()
	}
	return corrupt(err)
}

func (t txn) Close() error {
	t.tr.Discard()
	return nil
}

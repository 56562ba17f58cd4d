package lsm

import (
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
)

// logApart is the planted bug BatchSplit, or TxnTorn: every operation is a record of its
// own, so that a crash may leave half a batch.
func (db *DB) logApart(first ikey.Seq, b *kv.Batch) error {
	for ops := b.Ops(); ops.Next(); first++ {
		var one kv.Batch
		if ops.Kind == kv.OpSet {
			one.Set(ops.Key, ops.Value)
		} else {
			one.Delete(ops.Key)
		}
		if err := db.wal.Append(first, 1, one.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// applyDiscarded is the planted bug TxnDiscardApplied.
func (t *txn) applyDiscarded() {
	if t.wrote() {
		_ = t.apply(kv.Buffered, nil) // as good as it goes
	}
}

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
		switch ops.Kind {
		case kv.OpSet:
			one.Set(ops.Key, ops.Value)
		case kv.OpDelete:
			one.Delete(ops.Key)
		case kv.OpDeleteRange:
			one.DeleteRange(ops.Key, ops.Value)
		}
		if err := db.wal.Append(first, 1, one.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// logWithoutRanges is the planted bug RangeUnlogged: the record has a delete of the first key
// for each range delete.
func (db *DB) logWithoutRanges(first ikey.Seq, b *kv.Batch) error {
	var logged kv.Batch
	for ops := b.Ops(); ops.Next(); {
		if ops.Kind == kv.OpSet {
			logged.Set(ops.Key, ops.Value)
		} else {
			logged.Delete(ops.Key)
		}
	}
	return db.wal.Append(first, logged.Len(), logged.Bytes())
}

// applyDiscarded is the planted bug TxnDiscardApplied.
func (t *txn) applyDiscarded() {
	if t.wrote() {
		_ = t.apply(kv.Buffered, nil) // as good as it goes
	}
}

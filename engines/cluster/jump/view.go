package jump

import (
	"errors"
	"fmt"

	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
)

// view is a state of all shards. It implements [adapter.View].
type view struct{ shards []kv.Snapshot }

func (v *view) Get(dst, key []byte) ([]byte, error) {
	return v.shards[shard(key, len(v.shards))].Get(dst, key)
}

func (v *view) Scan(lower, upper []byte) (adapter.Cursor, error) {
	return scan(v.shards, lower, upper), nil
}

func (v *view) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	return scanReverse(v.shards, lower, upper)
}

func (v *view) Close() (err error) {
	for _, snap := range v.shards {
		err = errors.Join(err, snap.Close())
	}
	return err
}

func scan[R kv.Reader](shards []R, lower, upper []byte) adapter.Cursor {
	its := make([]kv.Iterator, len(shards))
	for i, r := range shards {
		its[i] = r.Scan(lower, upper)
	}
	return newCursor(its)
}

func scanReverse[R kv.Reader](shards []R, lower, upper []byte) (adapter.ReverseCursor, error) {
	its := make([]kv.ReverseIterator, len(shards))
	for i, r := range shards {
		from, ok := any(r).(kv.ReverseScanner)
		if !ok { // of the first shard, as all are alike
			return nil, fmt.Errorf("%w: a reverse scan", kv.ErrUnsupported)
		}
		its[i] = from.ScanReverse(lower, upper)
	}
	return newReverseCursor(its), nil
}

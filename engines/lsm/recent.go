package lsm

import (
	"encoding/binary"
	"sync/atomic"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
)

// recent is a ring of the keys of the newest batches that were given LSNs. A transaction
// that commits looks there for what may not be in a MemTable yet. All but open is under
// the commit lock.
//
// Writers leave their keys there only while a transaction is open that will be checked.
// The ring knows what it holds: LSNs are dense, so that a batch that is not there, be it
// overwritten or from before open was raised, is a gap between those that are.
type recent struct {
	open    atomic.Int64 // transactions that will be checked
	batches []recentBatch
	next    int // the one to be overwritten next
}

// recentBatches is how many batches the ring holds. A check asks for those that came
// during its first phase, some microseconds.
const recentBatches = 256

// mostRecentBytes bounds the keys that are kept of a batch. Of a larger one nothing is, and
// neither of one with range deletes: it is as if the ring had lapped there.
const mostRecentBytes = 64 << 10

// recentBatch is the keys of one batch.
type recentBatch struct {
	first, last ikey.Seq
	keys        []byte // length by uleb128, key, ..
	whole       bool   // all keys are there
}

// add notes a batch with the LSNs [first, last].
func (r *recent) add(first, last ikey.Seq, b *kv.Batch) {
	e := &r.batches[r.next]
	r.next = (r.next + 1) % len(r.batches)
	*e = recentBatch{first, last, e.keys[:0], !b.HasRangeDeletes()}
	if !e.whole {
		return
	}
	for ops := b.Ops(); ops.Next(); {
		if len(e.keys)+len(ops.Key) > mostRecentBytes {
			e.keys, e.whole = nil, false
			return
		}
		e.keys = append(binary.AppendUvarint(e.keys, uint64(len(ops.Key))), ops.Key...)
	}
}

// find returns a batch with LSNs above seen and up to last, the newest one given out, that
// holds a key of f, and that key. It returns ok false if the ring does not tell.
func (r *recent) find(f *footprint, seen, last ikey.Seq) (key []byte, at *recentBatch, ok bool) {
	for i := range r.batches {
		if last <= seen {
			return nil, nil, true
		}
		e := &r.batches[(r.next+2*len(r.batches)-1-i)%len(r.batches)]
		if e.last != last || !e.whole {
			return nil, nil, false
		}
		for rest := e.keys; len(rest) > 0; {
			n, w := binary.Uvarint(rest)
			key, rest = rest[w:w+int(n)], rest[w+int(n):]
			if f.has(key) {
				return key, e, true
			}
		}
		last = e.first - 1
	}
	return nil, nil, last <= seen
}

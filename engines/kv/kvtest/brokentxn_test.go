package kvtest

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"

	"lsmlab/engines/kv"
)

// brokenTxn overrides the methods that are set, of a model's transaction.
type brokenTxn struct {
	*modelTxn
	get    func(t *modelTxn, dst, key []byte) ([]byte, error)
	scan   func(t *modelTxn, lower, upper []byte) kv.Iterator
	set    func(t *modelTxn, key, value []byte) error
	commit func(t *modelTxn, d kv.Durability) error
	lsn    func(t *modelTxn) uint64
}

func (b *brokenTxn) Get(dst, key []byte) ([]byte, error) {
	if b.get != nil {
		return b.get(b.modelTxn, dst, key)
	}
	return b.modelTxn.Get(dst, key)
}

func (b *brokenTxn) Scan(lower, upper []byte) kv.Iterator {
	if b.scan != nil {
		return b.scan(b.modelTxn, lower, upper)
	}
	return b.modelTxn.Scan(lower, upper)
}

func (b *brokenTxn) Set(key, value []byte) error {
	if b.set != nil {
		return b.set(b.modelTxn, key, value)
	}
	return b.modelTxn.Set(key, value)
}

func (b *brokenTxn) Commit(d kv.Durability) error {
	if b.commit != nil {
		return b.commit(b.modelTxn, d)
	}
	return b.modelTxn.Commit(d)
}

func (b *brokenTxn) CommitLSN() uint64 {
	if b.lsn != nil {
		return b.lsn(b.modelTxn)
	}
	return b.modelTxn.CommitLSN()
}

// txnsOf makes an engine whose transactions are wrapped.
func txnsOf(wrap func(t *modelTxn) *brokenTxn) func() *broken {
	return func() *broken {
		return &broken{begin: func(m *Model, o kv.TxnOptions) (kv.Txn, error) {
			x, err := m.Begin(o)
			if err != nil {
				return nil, err
			}
			t := x.(*modelTxn)
			b := wrap(t)
			b.modelTxn = t
			return b, nil
		}}
	}
}

// atCommit makes an engine whose transactions are changed before they commit.
func atCommit(change func(t *modelTxn)) func() *broken {
	return txnsOf(func(*modelTxn) *brokenTxn {
		return &brokenTxn{commit: func(t *modelTxn, d kv.Durability) error {
			change(t)
			return t.Commit(d)
		}}
	})
}

// asReadCommitted has f read the newest state.
func asReadCommitted(t *modelTxn, f func()) {
	level, lsn := t.o.Isolation, t.readLSN
	t.o.Isolation = kv.ReadCommitted
	f()
	t.o.Isolation, t.readLSN = level, lsn
}

// newestReads reads the newest state at every read.
func newestReads(*modelTxn) *brokenTxn {
	return &brokenTxn{
		get: func(t *modelTxn, dst, key []byte) (out []byte, err error) {
			asReadCommitted(t, func() { out, err = t.Get(dst, key) })
			return out, err
		},
		scan: func(t *modelTxn, lower, upper []byte) (it kv.Iterator) {
			asReadCommitted(t, func() { it = t.Scan(lower, upper) })
			return it
		},
	}
}

// returnedKeys replaces each range that was read by the keys that it held.
func returnedKeys(t *modelTxn) {
	var reads []span
	for _, r := range t.reads {
		if r.point {
			reads = append(reads, r)
			continue
		}
		for _, key := range t.view.keys(r.lower, r.upper) {
			reads = append(reads, pointAt([]byte(key)))
		}
	}
	t.reads = reads
}

// onlyGets forgets the ranges that were read.
func onlyGets(t *modelTxn) {
	t.reads = slices.DeleteFunc(t.reads, func(s span) bool { return !s.point })
}

func noReads(t *modelTxn) { t.reads = nil }

// noWriteCheck judges snapshot isolation as what it is not: by reads, of which there are none.
func noWriteCheck(t *modelTxn) {
	if t.o.Isolation == kv.SnapshotIsolation {
		t.o.Isolation, t.reads = kv.Serializable, nil
	}
}

// slippedBy makes an engine in which a plain write that comes soon after the check of a
// commit takes place before it: the commit waits for one, for a while.
func slippedBy() *broken {
	var plain atomic.Int64
	b := txnsOf(func(*modelTxn) *brokenTxn {
		return &brokenTxn{commit: func(t *modelTxn, d kv.Durability) error {
			seen := plain.Load()
			t.m.mu.Lock()
			refused := t.conflicts()
			t.m.mu.Unlock()
			if refused {
				return kv.ErrConflict
			}
			for i := 0; i < 1000 && plain.Load() == seen; i++ {
				runtime.Gosched()
			}
			noWriteCheck(t)
			noReads(t)
			return t.Commit(d)
		}}
	})()
	b.apply = func(m *Model, batch *kv.Batch, d kv.Durability) error {
		defer plain.Add(1)
		return m.Apply(batch, d)
	}
	return b
}

var txnFaults = []fault{
	{"levels that do not exist are given", "TxnLevels", true, func() *broken {
		return &broken{begin: func(m *Model, o kv.TxnOptions) (kv.Txn, error) {
			o.Isolation = min(max(o.Isolation, kv.ReadCommitted), kv.Serializable)
			return m.Begin(o)
		}}
	}},
	{"a transaction does not scan its own writes", "TxnOwnWrites", false, txnsOf(func(*modelTxn) *brokenTxn {
		return &brokenTxn{scan: func(t *modelTxn, lower, upper []byte) kv.Iterator {
			t.Scan(lower, upper)
			return (&modelSnapshot{m: t.m, state: t.view, closed: t.finished}).Scan(lower, upper)
		}}
	})},
	{"iterators of transactions see later writes", "TxnIterators", true, txnsOf(func(*modelTxn) *brokenTxn {
		return &brokenTxn{scan: func(t *modelTxn, lower, upper []byte) kv.Iterator {
			return &lazyIter{make: func() kv.Iterator { return t.Scan(lower, upper) }}
		}}
	})},
	{"transactions read the newest state", "TxnOneState", false, txnsOf(newestReads)},
	{"writes of transactions are seen before the commit", "TxnReadCommitted", false, txnsOf(func(*modelTxn) *brokenTxn {
		return &brokenTxn{set: func(t *modelTxn, key, value []byte) error {
			err := t.Set(key, value)
			if err == nil {
				t.m.mu.Lock()
				t.m.state.Set(string(key), string(value))
				t.m.mu.Unlock()
			}
			return err
		}}
	})},
	{"read-only transactions write", "TxnReadOnly", false, func() *broken {
		return &broken{begin: func(m *Model, o kv.TxnOptions) (kv.Txn, error) {
			o.ReadOnly = false
			return m.Begin(o)
		}}
	}},
	{"transactions keep what they are given", "TxnArgumentsAreCopied", false, txnsOf(func(*modelTxn) *brokenTxn {
		var given [][2][]byte
		return &brokenTxn{
			set: func(t *modelTxn, key, value []byte) error {
				given = append(given, [2][]byte{key, value})
				return t.Set(key, value)
			},
			commit: func(t *modelTxn, d kv.Durability) error {
				for _, g := range given {
					if err := t.Set(g[0], g[1]); err != nil {
						break
					}
				}
				return t.Commit(d)
			},
		}
	})},
	{"long keys of transactions are cut", "TxnAwkwardKeys", true, txnsOf(func(*modelTxn) *brokenTxn {
		return &brokenTxn{set: func(t *modelTxn, key, value []byte) error {
			if len(key) <= kv.MaxKeySize {
				key = key[:min(len(key), 65000)]
			}
			return t.Set(key, value)
		}}
	})},
	{"transactions tell the LSN of their first write", "TxnLSN", true, txnsOf(func(*modelTxn) *brokenTxn {
		return &brokenTxn{lsn: func(t *modelTxn) uint64 {
			if t.lsn == 0 {
				return 0
			}
			return t.lsn - uint64(t.batch.Len()) + 1
		}}
	})},
	{"writes are not compared", "TxnWriteConflicts", false, atCommit(noWriteCheck)},
	{"reads are not compared", "TxnReadConflicts", false, atCommit(noReads)},
	{"serializable is snapshot isolation", "TxnWriteSkew", false, atCommit(func(t *modelTxn) {
		if t.o.Isolation == kv.Serializable {
			t.o.Isolation = kv.SnapshotIsolation
		}
	})},
	{"scans are not compared", "TxnScanConflicts", false, atCommit(onlyGets)},
	{"only keys that were returned are compared", Phantoms, true, atCommit(returnedKeys)},
	{"a scan counts as read of everything", "TxnNoFalseConflicts", false, atCommit(func(t *modelTxn) {
		for i, r := range t.reads {
			if !r.point {
				t.reads[i] = rangeOf(nil, nil)
			}
		}
	})},
	{"a write that waited is lost", "TxnWritersWait", false, func() *broken {
		return &broken{writersWait: true, apply: func(m *Model, b *kv.Batch, d kv.Durability) error {
			return m.Apply(new(kv.Batch), d)
		}}
	}},
	{"a transaction goes on after its end", "TxnEnded", true, txnsOf(func(*modelTxn) *brokenTxn {
		return &brokenTxn{get: func(t *modelTxn, dst, key []byte) ([]byte, error) {
			out, err := t.Get(dst, key)
			if errors.Is(err, kv.ErrClosed) && !t.m.isClosed() {
				err = kv.ErrNotFound
			}
			return out, err
		}}
	})},
	{"what is too large is dropped", "TxnTooLarge", true, txnsOf(func(*modelTxn) *brokenTxn {
		return &brokenTxn{set: func(t *modelTxn, key, value []byte) error {
			err := t.Set(key, value)
			if errors.Is(err, kv.ErrTooLarge) {
				err = nil
			}
			return err
		}}
	})},
	{"the end of a large transaction is lost", "TxnLarge", true, txnsOf(func(*modelTxn) *brokenTxn {
		return &brokenTxn{set: func(t *modelTxn, key, value []byte) error {
			if len(t.batch.Bytes()) > 4<<20 {
				return nil
			}
			return t.Set(key, value)
		}}
	})},
	{"transactions commit at any durability", "TxnDurability", true, txnsOf(func(*modelTxn) *brokenTxn {
		return &brokenTxn{commit: func(t *modelTxn, d kv.Durability) error { return t.Commit(min(d, kv.Synced)) }}
	})},
	{"what was written is forgotten after some time", "TxnAcrossFlush", false, func() *broken {
		return &broken{apply: func(m *Model, b *kv.Batch, d kv.Durability) error {
			err := m.Apply(b, d)
			m.mu.Lock()
			defer m.mu.Unlock()
			m.log = m.log[max(len(m.log)-10, 0):]
			return err
		}}
	}},
	{"transactions commit after close", "TxnCloseUnder", true, txnsOf(func(*modelTxn) *brokenTxn {
		return &brokenTxn{commit: func(t *modelTxn, d kv.Durability) error {
			if t.m.isClosed() && !t.finished {
				return nil
			}
			return t.Commit(d)
		}}
	})},
	{"updates are lost", "TxnCounters", false, atCommit(func(t *modelTxn) { noWriteCheck(t); noReads(t) })},
	{"plain writes slip between check and commit", "TxnPlainBeside", true, slippedBy},
	{"read-only transactions see the newest state", "TxnBank", false, txnsOf(func(t *modelTxn) *brokenTxn {
		if t.o.ReadOnly {
			return newestReads(t)
		}
		return new(brokenTxn)
	})},
	{"transactions commit in parts", "TxnAtomicCommit", false, txnsOf(func(*modelTxn) *brokenTxn {
		return &brokenTxn{commit: func(t *modelTxn, d kv.Durability) error {
			whole := t.batch
			t.batch = kv.Batch{}
			copyOps(&t.batch, whole.Ops(), 0, 1)
			if err := t.Commit(d); err != nil {
				return err
			}
			for i := 1; i < whole.Len(); i++ {
				runtime.Gosched()
				var one kv.Batch
				copyOps(&one, whole.Ops(), i, i+1)
				if err := t.m.Apply(&one, d); err != nil {
					return err
				}
			}
			return nil
		}}
	})},
	{"some commits are acknowledged and lost", "TxnCloseWhileWorking", false, func() *broken {
		var commits atomic.Int64
		b := txnsOf(func(*modelTxn) *brokenTxn {
			return &brokenTxn{commit: func(t *modelTxn, d kv.Durability) error {
				if commits.Add(1)%5 == 0 {
					t.batch.Reset()
				}
				return t.Commit(d)
			}}
		})
		return b()
	}},
}

// copyOps copies the operations from up to to.
func copyOps(out *kv.Batch, ops kv.Ops, from, to int) {
	for i := 0; ops.Next(); i++ {
		if from <= i && i < to {
			op := ops
			op.Key, op.Value = bytes.Clone(op.Key), bytes.Clone(op.Value)
			copyOp(out, op)
		}
	}
}

// Package badger adapts github.com/dgraph-io/badger to kv.Engine.
//
// Durability is fixed when the store is opened (Options.Durability):
//
//   - volatile: refused. Every write goes to the log of its memtable, a mapped
//     file, before it is acknowledged.
//   - buffered: SyncWrites false, the default. The mapped file outlives the
//     process.
//   - synced: SyncWrites true: msync of value log and memtable log by each group
//     of commits.
//
// The durability levels cannot be mixed in one store. Without SyncWrites, DB.Sync after a
// commit covers the active memtable and the newest value log only: the commit
// may be in a memtable that was full right after it, and a value log that is
// full is never synced. So there is no sync interval either.
//
// A transaction sees what was committed, with its sync, when it began: Badger waits
// for the commits that run (oracle.readTs), so all reads are durable.
//
// Transactions (Options.Transactions) are Badger's own, with its conflict detection,
// which notes a hash of each key that is written, by plain writes too, and keeps it until
// no transaction or snapshot is open that began before. Badger promises "concurrent ACID
// transactions with serializable snapshot isolation (SSI) guarantees" (README of v4.9.6).
// So the adapter gives kv.Serializable, with what is known: a scan notes the keys that it
// returned and not its range, so that phantoms pass (issue 2057). kv.SnapshotIsolation is
// refused: only reads are compared with writes of others, two that write one key blindly
// both commit. A conflict may be false: a scan also notes the key it seeks and the one
// above its range that ends it, and keys are compared by 64-bit hashes.
//
// Settings are the defaults, but: conflict detection off without transactions (plain
// writes are blind), no compression, no block cache (CacheSize is not used: the authors advise
// against one without compression and encryption, tables are mapped), metrics
// off (they are global to the process).
//
// Badger bounds a transaction to 15% of MemTableSize, values above the value
// threshold of 1 MiB not counted, and to one operation for each 100 bytes or so
// of that: 9.6 MiB and some 100,000 operations by default. Its way to write
// more, WriteBatch, commits in pieces, which a crash or a reader may fall
// between; so larger batches are refused with kv.ErrTooLarge. A larger
// MemTableSize raises the limit.
//
// Keys: see adapter.Keys; Badger refuses the empty key, keys over 65000 bytes
// and keys that start with "!badger!".
package badger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
	"lsmlab/engines/peers"
)

// Module is the Go module of the library.
const Module = "github.com/dgraph-io/badger/v4"

var keys = adapter.NewKeys(65000, []byte("!badger!"))

type engine struct {
	*adapter.Engine
	*adapter.Transactor
	db      *badger.DB
	options peers.Options
}

// Open opens the store in dir, making it if it is missing.
func Open(dir string, o peers.Options) (kv.Engine, error) {
	o = o.WithDefaults()
	db, err := badger.Open(libraryOptions(dir, o))
	if err != nil {
		if strings.Contains(err.Error(), "Cannot acquire directory lock") {
			return nil, fmt.Errorf("%w: %s: %w", kv.ErrInUse, dir, err)
		}
		return nil, err
	}
	s := &store{db: db}
	a := adapter.New(s, o.FixedDurability())
	var levels []kv.Isolation
	if o.Transactions {
		levels = append(levels, kv.Serializable)
	}
	return &engine{a, adapter.NewTransactor(a, s.begin, levels...), db, o}, nil
}

func libraryOptions(dir string, o peers.Options) badger.Options {
	return badger.DefaultOptions(dir).
		WithLogger(nil).
		WithSyncWrites(o.FixedDurability() == kv.Synced).
		WithMemTableSize(o.MemTableSize).
		WithValueThreshold(min(1<<20, o.MemTableSize*15/100/4)). // it must fit into a transaction
		WithDetectConflicts(o.Transactions).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		WithMetricsEnabled(false)
}

// store implements [adapter.Store].
type store struct {
	db      *badger.DB
	buckets sync.Mutex // held by transactions that read and write buckets
}

func (s *store) Close() error { return s.db.Close() }

func (s *store) Get(dst, key []byte) ([]byte, error) {
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	return get(txn, dst, key)
}

func (s *store) Scan(lower, upper []byte) (adapter.Cursor, error) {
	txn := s.db.NewTransaction(false)
	return scan(txn, txn.Discard, lower, upper), nil
}

func (s *store) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	txn := s.db.NewTransaction(false)
	return scanReverse(txn, txn.Discard, lower, upper), nil
}

func (s *store) Apply(b *kv.Batch, _ kv.Durability) error {
	if keys.InBucket(b) {
		s.buckets.Lock()
		defer s.buckets.Unlock()
	}
	err := badger.ErrConflict
	for errors.Is(err, badger.ErrConflict) { // a transaction wrote a bucket that was read
		err = commit(s.db.NewTransaction(true), b)
	}
	return err
}

func (s *store) Snapshot() (adapter.View, error) { return view{s.db.NewTransaction(false)}, nil }

// view is a read transaction, which Badger lets many goroutines use.
type view struct{ txn *badger.Txn }

func (v view) Get(dst, key []byte) ([]byte, error) { return get(v.txn, dst, key) }

func (v view) Scan(lower, upper []byte) (adapter.Cursor, error) {
	return scan(v.txn, func() {}, lower, upper), nil
}

func (v view) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	return scanReverse(v.txn, func() {}, lower, upper), nil
}

func (v view) Close() error {
	v.txn.Discard()
	return nil
}

func get(txn *badger.Txn, dst, key []byte) ([]byte, error) {
	stored, shared := keys.Stored(key)
	item, err := txn.Get(stored)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return dst, kv.ErrNotFound
	}
	if err != nil {
		return dst, err
	}
	err = item.Value(func(value []byte) error {
		ok := true
		if shared {
			value, ok = adapter.FromBucket(value, key)
		}
		if !ok {
			return kv.ErrNotFound
		}
		dst = append(dst, value...)
		return nil
	})
	return dst, err
}

// writer implements [adapter.Tx].
type writer struct{ txn *badger.Txn }

func (w writer) Get(stored []byte) ([]byte, error) {
	item, err := w.txn.Get(stored)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, kv.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return item.ValueCopy(nil)
}

func (w writer) Set(stored, value []byte) error { return w.txn.Set(stored, value) }
func (w writer) Delete(stored []byte) error     { return w.txn.Delete(stored) }

func scan(txn *badger.Txn, discard func(), lower, upper []byte) adapter.Cursor {
	return keys.Cursor(newCursor(txn, discard, false), lower, upper)
}

func scanReverse(txn *badger.Txn, discard func(), lower, upper []byte) adapter.ReverseCursor {
	return keys.ReverseCursor(reverseCursor{newCursor(txn, discard, true)}, lower, upper)
}

func newCursor(txn *badger.Txn, discard func(), reverse bool) *cursor {
	o := badger.DefaultIteratorOptions
	o.PrefetchValues = false // values are in the tables, unless they are over the threshold
	o.Reverse = reverse
	return &cursor{it: txn.NewIterator(o), discard: discard}
}

type cursor struct {
	it      *badger.Iterator
	discard func()
	err     error
}

func (c *cursor) at() (key, value []byte, ok bool) {
	if c.err != nil || !c.it.Valid() {
		return nil, nil, false
	}
	item := c.it.Item()
	c.err = item.Value(func(v []byte) error {
		value = v
		return nil
	})
	return item.Key(), value, c.err == nil
}

func (c *cursor) First() ([]byte, []byte, bool)            { c.it.Rewind(); return c.at() }
func (c *cursor) SeekGE(key []byte) ([]byte, []byte, bool) { c.it.Seek(key); return c.at() }
func (c *cursor) Next() ([]byte, []byte, bool)             { c.it.Next(); return c.at() }

func (c *cursor) Close() error {
	c.it.Close()
	c.discard()
	return c.err
}

// reverseCursor is a cursor whose iterator walks downwards.
type reverseCursor struct{ *cursor }

func (c reverseCursor) Last() ([]byte, []byte, bool) { return c.First() }
func (c reverseCursor) Prev() ([]byte, []byte, bool) { return c.Next() }

// SeekLT seeks to the last key that is not above key, and passes key itself.
func (c reverseCursor) SeekLT(key []byte) ([]byte, []byte, bool) {
	found, value, ok := c.SeekGE(key)
	if ok && bytes.Equal(found, key) {
		return c.Next()
	}
	return found, value, ok
}

// Compact implements [kv.Compacter].
func (e *engine) Compact() error {
	return e.Do(func() error { return e.db.Flatten(4) })
}

// Checkpoint implements [kv.Checkpointer] by Badger's backup, loaded into a new store:
// each entry is copied. One goroutine reads, as each has a read timestamp of its own:
// DB.Backup, with several, does not copy one state while others write.
func (e *engine) Checkpoint(dir string) error {
	return e.MakeCheckpoint(dir, func(dir string) error {
		copied, err := badger.Open(libraryOptions(dir, e.options))
		if err != nil {
			return err
		}
		r, w := io.Pipe()
		go func() {
			stream := e.db.NewStream()
			stream.NumGo = 1
			_, err := stream.Backup(w, 0)
			_ = w.CloseWithError(err) // never fails
		}()
		err = copied.Load(r, 16)
		_ = r.CloseWithError(err) // ends a backup that goes on
		return errors.Join(err, copied.Close())
	})
}

// Verify implements [kv.Verifier].
func (e *engine) Verify() error {
	return e.Do(func() error {
		if err := e.db.VerifyChecksum(); err != nil {
			return errors.Join(kv.ErrCorrupt, err)
		}
		return nil
	})
}

// Metrics implements [kv.Metricer]: sizes alone. Badger counts neither flushes
// nor compactions, and the bytes of compactions for all stores of the process
// together, by metrics that also count every read.
func (e *engine) Metrics() kv.Metrics {
	return e.Measure(func(m *kv.Metrics) {
		tables, values := e.db.Size() // refreshed once a minute
		m.DiskBytes, m.TableBytes = tables+values, tables
		for _, l := range e.db.Levels() {
			m.Levels = append(m.Levels, kv.LevelMetrics{Tables: int64(l.NumTables), Bytes: l.Size})
			if over := l.Size - l.TargetSize; over > 0 && l.Level > 0 && !l.IsBaseLevel {
				m.CompactionDebtBytes += over
			}
		}
	})
}

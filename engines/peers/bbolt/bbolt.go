// Package bbolt adapts go.etcd.io/bbolt to kv.Engine: a B+ tree in one mapped
// file, pages copied on write.
//
// Durability is fixed when the store is opened (Options.Durability):
//
//   - volatile: refused. A commit always calls write(2).
//   - buffered: Options{NoSync: true}: pages and meta page written, not synced.
//   - synced: NoSync false, the default: fdatasync after the pages and again
//     after the meta page.
//
// The durability levels cannot be mixed in one store. NoSync could be toggled under the
// writer's lock, but after a power failure an unsynced commit can leave a valid
// meta page that refers to pages which never reached the disk, and that takes
// the synced commits before it along. So there is no sync interval either: what a
// power failure takes between two syncs is not bounded.
//
// A meta page is read from the mapping, so readers see a commit before its second
// sync. With durable reads they wait, when they begin, for the commit that runs: not
// later, as a commit that has to grow the mapping waits for readers.
//
// Settings are those of etcd: freelist as a map and not written to disk, and a
// large initial mapping, because a writer that has to grow the mapping waits
// for all open iterators and snapshots. Beyond 64 GiB it does. CacheSize and
// MemTableSize have no meaning here: the page cache is the cache.
//
// Concurrent writers commit one by one, with DB.Update. DB.Batch, which joins
// them, delays a lone writer by its MaxBatchDelay or, without one, joins
// nobody.
//
// Transactions are bbolt's own. "Bolt allows only one read-write transaction at a time but
// allows as many read-only transactions as you want at a time", and "each transaction has
// a consistent view of the data as it existed when the transaction started" (README of
// v1.5.0). So each sees what is committed, none meets a conflict, and kv.Serializable and
// kv.SnapshotIsolation are given; Begin and Apply wait for the transaction that writes. One
// goroutine that has such a transaction open and applies a batch waits for ever. A
// checkpoint is Tx.CopyFile: a copy of all pages, which a read transaction makes.
//
// Keys: see adapter.Keys; bbolt refuses the empty key and keys over 32768
// bytes.
package bbolt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
	"lsmlab/engines/peers"
)

// Module is the Go module of the library.
const Module = "go.etcd.io/bbolt"

const (
	fileName        = "bbolt.db"
	initialMmapSize = 64 << 30
)

var (
	bucketName = []byte("kv")
	keys       = adapter.NewKeys(bbolt.MaxKeySize, nil)
)

type engine struct {
	*adapter.Engine
	*adapter.Transactor
	db *bbolt.DB
}

// Open opens the store in dir, making it if it is missing.
func Open(dir string, o peers.Options) (kv.Engine, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	durability := o.FixedDurability()
	db, err := bbolt.Open(filepath.Join(dir, fileName), 0o644, &bbolt.Options{
		Timeout:         1, // one try
		NoSync:          durability == kv.Buffered,
		NoFreelistSync:  true,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: initialMmapSize,
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("%w: %s: %w", kv.ErrInUse, dir, err)
	}
	if err != nil {
		return nil, corrupt(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucketName)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := store{db: db}
	if o.DurableReads {
		s.commit = new(sync.Mutex)
	}
	a := adapter.New(s, durability)
	return &engine{a, adapter.NewTransactor(a, s.write, kv.SnapshotIsolation, kv.Serializable), db}, nil
}

// corrupt makes bbolt's errors about damaged files match [kv.ErrCorrupt].
func corrupt(err error) error {
	for _, e := range []error{berrors.ErrInvalid, berrors.ErrChecksum, berrors.ErrVersionMismatch} {
		if errors.Is(err, e) {
			return errors.Join(kv.ErrCorrupt, err)
		}
	}
	return err
}

// store implements [adapter.Store].
type store struct {
	db *bbolt.DB
	// commit is held by commits, and by reads while they begin, to see none that is
	// not synced; nil without durable reads.
	commit *sync.Mutex
}

// begin begins a read transaction.
func (s store) begin() (*bbolt.Tx, error) {
	if s.commit != nil {
		s.commit.Lock()
		defer s.commit.Unlock()
	}
	return s.db.Begin(false)
}

func (s store) Close() error { return s.db.Close() }

func (s store) Get(dst, key []byte) ([]byte, error) {
	tx, err := s.begin()
	if err != nil {
		return dst, err
	}
	defer func() { _ = tx.Rollback() }() // ends a read; it cannot fail
	return get(tx.Bucket(bucketName), dst, key)
}

func (s store) Scan(lower, upper []byte) (adapter.Cursor, error) {
	raw, err := s.cursor()
	if err != nil {
		return nil, err
	}
	return keys.Cursor(raw, lower, upper), nil
}

func (s store) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	raw, err := s.cursor()
	if err != nil {
		return nil, err
	}
	return keys.ReverseCursor(raw, lower, upper), nil
}

// cursor returns one that owns a read transaction.
func (s store) cursor() (*cursor, error) {
	tx, err := s.begin()
	if err != nil {
		return nil, err
	}
	return &cursor{c: tx.Bucket(bucketName).Cursor(), close: tx.Rollback}, nil
}

func (s store) Apply(b *kv.Batch, _ kv.Durability) error {
	tx, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	return s.commitBatch(tx, b)
}

// commitBatch ends a transaction with the writes of b.
func (s store) commitBatch(tx *bbolt.Tx, b *kv.Batch) error {
	if err := keys.Apply(b.Ops(), writer{tx.Bucket(bucketName)}); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if s.commit != nil {
		s.commit.Lock()
		defer s.commit.Unlock()
	}
	return tx.Commit()
}

func (s store) Snapshot() (adapter.View, error) {
	tx, err := s.begin()
	if err != nil {
		return nil, err
	}
	return view{tx, tx.Bucket(bucketName)}, nil
}

// view is a read transaction. Reading from it concurrently is safe once the
// bucket was looked up.
type view struct {
	tx     *bbolt.Tx
	bucket *bbolt.Bucket
}

func (v view) Get(dst, key []byte) ([]byte, error) { return get(v.bucket, dst, key) }

func (v view) Scan(lower, upper []byte) (adapter.Cursor, error) {
	return keys.Cursor(&cursor{c: v.bucket.Cursor()}, lower, upper), nil
}

func (v view) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	return keys.ReverseCursor(&cursor{c: v.bucket.Cursor()}, lower, upper), nil
}

func (v view) Close() error { return v.tx.Rollback() }

func get(bucket *bbolt.Bucket, dst, key []byte) ([]byte, error) {
	stored, shared := keys.Stored(key)
	value := bucket.Get(stored)
	ok := value != nil
	if ok && shared {
		value, ok = adapter.FromBucket(value, key)
	}
	if !ok {
		return dst, kv.ErrNotFound
	}
	return append(dst, value...), nil
}

// writer implements [adapter.Tx].
type writer struct{ bucket *bbolt.Bucket }

func (w writer) Get(stored []byte) ([]byte, error) {
	if value := w.bucket.Get(stored); value != nil {
		return value, nil
	}
	return nil, kv.ErrNotFound
}

func (w writer) Set(stored, value []byte) error { return w.bucket.Put(stored, value) }
func (w writer) Delete(stored []byte) error     { return w.bucket.Delete(stored) }

type cursor struct {
	c     *bbolt.Cursor
	close func() error // nil if a snapshot owns the transaction
}

func at(key, value []byte) (k, v []byte, ok bool) { return key, value, key != nil }

func (c *cursor) First() ([]byte, []byte, bool)            { return at(c.c.First()) }
func (c *cursor) SeekGE(key []byte) ([]byte, []byte, bool) { return at(c.c.Seek(key)) }
func (c *cursor) Next() ([]byte, []byte, bool)             { return at(c.c.Next()) }
func (c *cursor) Last() ([]byte, []byte, bool)             { return at(c.c.Last()) }
func (c *cursor) Prev() ([]byte, []byte, bool)             { return at(c.c.Prev()) }

func (c *cursor) SeekLT(key []byte) ([]byte, []byte, bool) {
	if found, _ := c.c.Seek(key); found == nil {
		return c.Last()
	}
	return c.Prev()
}

func (c *cursor) Close() error {
	if c.close == nil {
		return nil
	}
	return c.close()
}

// Verify implements [kv.Verifier] by bbolt's check of all pages.
func (e *engine) Verify() error {
	return e.Do(func() error {
		return e.db.View(func(tx *bbolt.Tx) (err error) {
			for found := range tx.Check() {
				err = errors.Join(err, fmt.Errorf("%w: %w", kv.ErrCorrupt, found))
			}
			return err
		})
	})
}

// Checkpoint implements [kv.Checkpointer]: a read transaction writes all pages.
func (e *engine) Checkpoint(dir string) error {
	return e.MakeCheckpoint(dir, func(dir string) error {
		return e.db.View(func(tx *bbolt.Tx) error { return tx.CopyFile(filepath.Join(dir, fileName), 0o644) })
	})
}

// Metrics implements [kv.Metricer]. Pages allocated by commits count as
// flushed; the two pages of meta data of each commit are not known. There are
// no flushes and no compactions to count.
func (e *engine) Metrics() kv.Metrics {
	return e.Measure(func(m *kv.Metrics) {
		stats := e.db.Stats()
		m.FlushBytes = stats.TxStats.GetPageAlloc()
		_ = e.db.View(func(tx *bbolt.Tx) error {
			m.DiskBytes = tx.Size()
			return nil
		})
	})
}

// Package pebble adapts github.com/cockroachdb/pebble to kv.Engine.
//
// Durability, chosen by each commit of one open store:
//
//   - volatile: WriteOptions{Sync: false}. The log record may stay in the log
//     writer's block of process memory until 32 KiB are full.
//   - buffered: WriteOptions{Sync: true} on a file system whose log files skip
//     the sync while nobody wants it; see walFS. The record reaches the OS by
//     write(2) before the acknowledgement.
//   - synced: WriteOptions{Sync: true} with the sync done (fdatasync).
//
// A commit is seen by readers before its sync. With durable reads they wait for the
// commits that run. A sync interval is given by DB.LogData, synced.
//
// Settings are those of Pebble's own benchmark (cmd/pebble/db.go), without its
// key schema and without value separation, which is experimental, and with
// compression off.
//
// Transactions are indexed batches: their reads see the newest state and the batch over
// it, and nothing is compared at the commit. So they give kv.ReadCommitted alone. Pebble
// says that the operations of a batch "are applied atomically" and promises no isolation
// beyond that (doc of pebble.Batch). Range deletes are Pebble's own, and checkpoints are DB.Checkpoint
// with WithFlushedWAL: tables as hard links, the log copied.
//
// Keys: only those of zeros alone, the empty one included, are mapped (see
// adapter.Keys). In v2.1.7 a flush panics ("unreachable", PrefixBytesBuilder in
// sstable/colblk/prefix_bytes.go) when a data block holds no key but the empty
// one, as happens when a value of 64 KiB follows it.
//
// DB.CheckLevels is not offered as kv.Verifier: in v2.1.7 it overwrites the
// buffer of an iterator's first key and then reports sound tables as out of
// order (simpleMergingIter.step in level_checker.go).
package pebble

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
	"lsmlab/engines/peers"
)

// Module is the Go module of the library.
const Module = "github.com/cockroachdb/pebble/v2"

type engine struct {
	*adapter.Engine
	*adapter.Transactor
	store *store
}

// Open opens the store in dir, making it if it is missing.
func Open(dir string, o peers.Options) (kv.Engine, error) {
	dir, err := filepath.Abs(dir) // the lock goes by name
	if err != nil {
		return nil, err
	}
	if o.FS != nil {
		return open(dir, o, &foreignFS{o.FS})
	}
	return open(dir, o, vfs.Default)
}

func open(dir string, o peers.Options, base vfs.FS) (kv.Engine, error) {
	s := &store{fs: &walFS{FS: base}}
	if err := s.fs.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := pebble.LockDirectory(dir, s.fs)
	if err != nil {
		return nil, inUse(dir, err)
	}
	s.lock = lock
	if s.db, err = pebble.Open(dir, s.options(o)); err != nil {
		return nil, errors.Join(corrupt(err), lock.Close())
	}
	a := adapter.New(s, kv.Volatile, kv.Buffered, kv.Synced).WithRangeDeletes()
	e := &engine{a, adapter.NewTransactor(a, s.begin, kv.ReadCommitted), s}
	e.WithSyncInterval(o.SyncInterval, s.sync)
	if o.DurableReads {
		e.WithDurableReads(true)
	}
	return e, nil
}

func (s *store) options(o peers.Options) *pebble.Options {
	o = o.WithDefaults()
	po := &pebble.Options{
		FS:                          s.fs,
		Lock:                        s.lock,
		Logger:                      quiet{},
		FormatMajorVersion:          pebble.FormatColumnarBlocks, // see walFS
		CacheSize:                   o.CacheSize,
		MemTableSize:                uint64(o.MemTableSize),
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       2,
		L0StopWritesThreshold:       1000,
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                16384,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 3 },
		EventListener: &pebble.EventListener{
			WriteStallBegin: func(pebble.WriteStallBeginInfo) { s.stalls.Add(1); s.stallStart = time.Now() },
			WriteStallEnd:   func() { s.stallTime.Add(int64(time.Since(s.stallStart))) },
		},
	}
	for i := range po.Levels {
		po.Levels[i].BlockSize = 32 << 10
		po.Levels[i].IndexBlockSize = 256 << 10
		po.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	po.Levels[len(po.Levels)-1].FilterPolicy = pebble.NoFilterPolicy
	po.FlushSplitBytes = 2 << 20 // the target file size of L0
	if o.Small {
		makeSmall(po)
	}
	po.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	return po
}

// makeSmall sets sizes as lsm's Options.Small does.
func makeSmall(po *pebble.Options) {
	po.CacheSize, po.MemTableSize = 256<<10, 64<<10
	po.LBaseMaxBytes, po.FlushSplitBytes = 32<<10, 8<<10
	po.TargetFileSizes = [7]int64{8 << 10, 8 << 10, 8 << 10, 8 << 10, 8 << 10, 8 << 10, 8 << 10}
	po.MaxManifestFileSize = 4 << 10
	po.CompactionConcurrencyRange = func() (int, int) { return 1, 1 }
	po.DisableTableStats = true
	for i := range po.Levels {
		po.Levels[i].BlockSize, po.Levels[i].IndexBlockSize = 1<<10, 4<<10
	}
}

// quiet drops what Pebble logs. Its fatal messages are followed by an exit of
// the process in Pebble's own loggers, so they must not be swallowed.
type quiet struct{}

func (quiet) Infof(string, ...any)              {}
func (quiet) Errorf(string, ...any)             {}
func (quiet) Fatalf(format string, args ...any) { pebble.DefaultLogger.Fatalf(format, args...) }

// store implements [adapter.Store].
type store struct {
	db         *pebble.DB
	fs         *walFS
	lock       *pebble.Lock
	stalls     atomic.Int64
	stallTime  atomic.Int64
	stallStart time.Time // stalls follow each other
}

func get(r pebble.Reader, dst, key []byte) ([]byte, error) {
	value, closer, err := r.Get(adapter.StoredZeros(key))
	if err != nil {
		if errors.Is(err, pebble.ErrNotFound) {
			err = kv.ErrNotFound
		}
		return dst, corrupt(err)
	}
	dst = append(dst, value...)
	return dst, closer.Close()
}

// bothWays is a cursor that walks up or down.
type bothWays interface {
	adapter.Cursor
	adapter.ReverseCursor
}

func scan(r pebble.Reader, lower, upper []byte) (bothWays, error) {
	c := new(cursor)
	if lower != nil {
		c.o.LowerBound = adapter.StoredZeros(lower)
	}
	if upper != nil {
		c.o.UpperBound = adapter.StoredZeros(upper)
	}
	it, err := r.NewIter(&c.o)
	if err != nil {
		return nil, corrupt(err)
	}
	c.it = it
	return c, nil
}

func (s *store) Get(dst, key []byte) ([]byte, error) { return get(s.db, dst, key) }

func (s *store) Scan(lower, upper []byte) (adapter.Cursor, error) { return scan(s.db, lower, upper) }

func (s *store) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	return scan(s.db, lower, upper)
}

func (s *store) Apply(b *kv.Batch, d kv.Durability) error {
	batch := s.db.NewBatchWithSize(len(b.Bytes()) + 16) // from Pebble's pool, Close gives it back
	defer func() { _ = batch.Close() }()
	for ops := b.Ops(); ops.Next(); {
		if err := write(batch, ops); err != nil {
			return err
		}
	}
	return s.commit(batch, d)
}

// write adds one operation to a batch.
func write(batch *pebble.Batch, op kv.Ops) error {
	switch op.Kind {
	case kv.OpSet:
		return batch.Set(adapter.StoredZeros(op.Key), op.Value, nil)
	case kv.OpDelete:
		return batch.Delete(adapter.StoredZeros(op.Key), nil)
	}
	upper := afterAllKeys
	if op.Value != nil {
		upper = adapter.StoredZeros(op.Value)
	}
	return batch.DeleteRange(adapter.StoredZeros(op.Key), upper, nil)
}

func (s *store) commit(batch *pebble.Batch, d kv.Durability) error {
	switch d {
	case kv.Volatile:
		return batch.Commit(pebble.NoSync)
	case kv.Synced:
		s.fs.wanted.Add(1)
		defer s.fs.wanted.Add(-1)
	}
	return batch.Commit(pebble.Sync)
}

// sync syncs the log by a record that says nothing. Logs before it were synced when
// they ended.
func (s *store) sync() error {
	s.fs.wanted.Add(1)
	defer s.fs.wanted.Add(-1)
	return s.db.LogData(nil, pebble.Sync)
}

func (s *store) Snapshot() (adapter.View, error) { return view{s.db.NewSnapshot()}, nil }

func (s *store) Close() error { return errors.Join(s.db.Close(), s.lock.Close()) }

type view struct{ snap *pebble.Snapshot }

func (v view) Get(dst, key []byte) ([]byte, error) { return get(v.snap, dst, key) }

func (v view) Scan(lower, upper []byte) (adapter.Cursor, error) { return scan(v.snap, lower, upper) }

func (v view) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	return scan(v.snap, lower, upper)
}

func (v view) Close() error { return v.snap.Close() }

type cursor struct {
	it  *pebble.Iterator
	o   pebble.IterOptions
	err error
}

func (c *cursor) at(ok bool) (key, value []byte, _ bool) {
	if !ok {
		return nil, nil, false
	}
	if value, c.err = c.it.ValueAndErr(); c.err != nil {
		return nil, nil, false
	}
	return adapter.Original(c.it.Key()), value, true
}

func (c *cursor) First() ([]byte, []byte, bool) { return c.at(c.it.First()) }
func (c *cursor) SeekGE(key []byte) ([]byte, []byte, bool) {
	return c.at(c.it.SeekGE(adapter.StoredZeros(key)))
}
func (c *cursor) Next() ([]byte, []byte, bool) { return c.at(c.it.Next()) }
func (c *cursor) Last() ([]byte, []byte, bool) { return c.at(c.it.Last()) }
func (c *cursor) SeekLT(key []byte) ([]byte, []byte, bool) {
	return c.at(c.it.SeekLT(adapter.StoredZeros(key)))
}
func (c *cursor) Prev() ([]byte, []byte, bool) { return c.at(c.it.Prev()) }
func (c *cursor) Close() error                 { return corrupt(errors.Join(c.err, c.it.Close())) }

// corrupt makes Pebble's corruption errors match [kv.ErrCorrupt].
func corrupt(err error) error {
	if err != nil && pebble.IsCorruptionError(err) {
		return errors.Join(kv.ErrCorrupt, err)
	}
	return err
}

// Sync implements [kv.Syncer].
func (e *engine) Sync() error { return e.Do(e.store.sync) }

// Flush implements [kv.Flusher].
func (e *engine) Flush() error { return e.Do(e.store.db.Flush) }

// Checkpoint implements [kv.Checkpointer]. Pebble syncs what it makes, and removes it
// after an error; the log is flushed first, for what was written at a weak level.
func (e *engine) Checkpoint(dir string) error {
	return e.Do(func() error {
		dir, err := filepath.Abs(dir)
		if err != nil {
			return err
		}
		e.store.fs.wanted.Add(1)
		defer e.store.fs.wanted.Add(-1)
		return e.store.db.Checkpoint(dir, pebble.WithFlushedWAL())
	})
}

// afterAllKeys sorts after every key: Compact wants a finite range.
var afterAllKeys = bytes.Repeat([]byte{0xff}, kv.MaxKeySize+1)

// Compact implements [kv.Compacter].
func (e *engine) Compact() error {
	return e.Do(func() error {
		if err := e.store.db.Flush(); err != nil {
			return err
		}
		return e.store.db.Compact(context.Background(), nil, afterAllKeys, true)
	})
}

// Metrics implements [kv.Metricer].
func (e *engine) Metrics() kv.Metrics {
	return e.Measure(func(out *kv.Metrics) {
		m := e.store.db.Metrics()
		out.WALBytes = int64(m.WAL.BytesWritten)
		out.Flushes, out.Compactions = m.Flush.Count, m.Compact.Count
		out.Stalls, out.StallTime = e.store.stalls.Load(), time.Duration(e.store.stallTime.Load())
		out.MemTableBytes, out.ImmutableTables = int64(m.MemTable.Size), max(m.MemTable.Count-1, 0)
		out.CompactionDebtBytes = int64(m.Compact.EstimatedDebt)
		out.DiskBytes = int64(m.DiskSpaceUsage())
		out.TableBytes = int64(m.Table.Local.LiveSize + m.BlobFiles.Local.LiveSize)
		out.ObsoleteTableBytes = int64(m.Table.Local.ObsoleteSize + m.Table.Local.ZombieSize +
			m.BlobFiles.Local.ObsoleteSize + m.BlobFiles.Local.ZombieSize)
		out.LogBytes, out.LogPoolBytes = int64(m.WAL.PhysicalSize), int64(m.WAL.ObsoletePhysicalSize)
		out.CacheHits, out.CacheMisses = m.BlockCache.Hits, m.BlockCache.Misses
		out.BloomChecks, out.BloomNegatives = m.Filter.Hits+m.Filter.Misses, m.Filter.Hits
		for i := range m.Levels {
			l := &m.Levels[i]
			out.FlushBytes += int64(l.TableBytesFlushed + l.BlobBytesFlushed)
			out.CompactionReadBytes += int64(l.TableBytesRead)
			out.CompactionWrittenBytes += int64(l.TableBytesCompacted + l.BlobBytesCompacted)
			out.Levels = append(out.Levels, kv.LevelMetrics{Tables: l.TablesCount, Bytes: l.TablesSize, Runs: int64(l.Sublevels)})
		}
	})
}

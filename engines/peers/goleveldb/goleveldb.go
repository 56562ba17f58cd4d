// Package goleveldb adapts github.com/syndtr/goleveldb to kv.Engine.
//
// Durability, chosen by each write of one open store:
//
//   - volatile: refused. The journal is written with write(2) on every write,
//     so there is nothing cheaper than buffered.
//   - buffered: WriteOptions{Sync: false}.
//   - synced: WriteOptions{Sync: true}: fsync of the journal. When buffered and
//     synced writes are mixed, a power failure can make a hole: the journal of a
//     full memtable is closed without a sync, so buffered writes in it can be
//     lost while later synced ones survive. So there is no sync interval either.
//
// A write is seen by readers after its sync.
//
// Transactions are DB.OpenTransaction: "Only one transaction can be opened at a time", and
// calls of Write and OpenTransaction wait until it has ended (doc of that method). So kv.Serializable and kv.SnapshotIsolation
// are given without conflicts, and writers wait: one goroutine that has a transaction open
// and applies a batch waits for ever. A commit is written as tables and synced, at
// whatever level. The library has neither checkpoints nor range deletes.
//
// Settings are those of go-ethereum, the largest user: bloom filters of 10
// bits, no compaction triggered by seeks, many open files. Compression is off.
package goleveldb

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"github.com/syndtr/goleveldb/leveldb"
	lerrors "github.com/syndtr/goleveldb/leveldb/errors"
	"github.com/syndtr/goleveldb/leveldb/filter"
	"github.com/syndtr/goleveldb/leveldb/iterator"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"

	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
	"lsmlab/engines/peers"
)

// Module is the Go module of the library.
const Module = "github.com/syndtr/goleveldb"

type engine struct {
	*adapter.Engine
	*adapter.Transactor
	db *leveldb.DB
}

// Open opens the store in dir, making it if it is missing.
func Open(dir string, o peers.Options) (kv.Engine, error) {
	o = o.WithDefaults()
	db, err := leveldb.OpenFile(dir, &opt.Options{
		BlockCacheCapacity:     int(o.CacheSize),
		WriteBuffer:            int(o.MemTableSize),
		Compression:            opt.NoCompression,
		Filter:                 filter.NewBloomFilter(10),
		DisableSeeksCompaction: true,
		OpenFilesCacheCapacity: 4096,
	})
	if errors.Is(err, syscall.EAGAIN) { // of flock
		return nil, fmt.Errorf("%w: %s: %w", kv.ErrInUse, dir, err)
	}
	if err != nil {
		return nil, corrupt(err)
	}
	s := store{db}
	a := adapter.New(s, kv.Buffered, kv.Synced)
	e := &engine{a, adapter.NewTransactor(a, s.begin, kv.SnapshotIsolation, kv.Serializable), db}
	if o.DurableReads {
		e.WithDurableReads(false)
	}
	return e, nil
}

// store implements [adapter.Store].
type store struct{ db *leveldb.DB }

func (s store) Get(dst, key []byte) ([]byte, error) { return get(s.db, dst, key) }

func (s store) Scan(lower, upper []byte) (adapter.Cursor, error) {
	return scan(s.db, lower, upper), nil
}

func (s store) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	return scan(s.db, lower, upper), nil
}

func (s store) Close() error { return s.db.Close() }

var batches = sync.Pool{New: func() any { return new(leveldb.Batch) }}

func (s store) Apply(b *kv.Batch, d kv.Durability) error {
	batch := batches.Get().(*leveldb.Batch)
	defer batches.Put(batch)
	batch.Reset()
	for ops := b.Ops(); ops.Next(); {
		if ops.Kind == kv.OpSet {
			batch.Put(ops.Key, ops.Value)
		} else {
			batch.Delete(ops.Key)
		}
	}
	return s.db.Write(batch, &opt.WriteOptions{Sync: d == kv.Synced})
}

func (s store) Snapshot() (adapter.View, error) {
	snap, err := s.db.GetSnapshot()
	return view{snap}, err
}

type view struct{ snap *leveldb.Snapshot }

func (v view) Get(dst, key []byte) ([]byte, error) { return get(v.snap, dst, key) }

func (v view) Scan(lower, upper []byte) (adapter.Cursor, error) {
	return scan(v.snap, lower, upper), nil
}

func (v view) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	return scan(v.snap, lower, upper), nil
}

func (v view) Close() error {
	v.snap.Release()
	return nil
}

func get(r leveldb.Reader, dst, key []byte) ([]byte, error) {
	value, err := r.Get(key, nil) // always a copy
	if err == leveldb.ErrNotFound {
		return dst, kv.ErrNotFound
	}
	return append(dst, value...), corrupt(err)
}

func scan(r leveldb.Reader, lower, upper []byte) *cursor {
	return &cursor{r.NewIterator(&util.Range{Start: lower, Limit: upper}, nil)}
}

type cursor struct{ it iterator.Iterator }

func (c *cursor) at(ok bool) (key, value []byte, _ bool) {
	if !ok {
		return nil, nil, false
	}
	return c.it.Key(), c.it.Value(), true
}

func (c *cursor) First() ([]byte, []byte, bool)            { return c.at(c.it.First()) }
func (c *cursor) SeekGE(key []byte) ([]byte, []byte, bool) { return c.at(c.it.Seek(key)) }
func (c *cursor) Next() ([]byte, []byte, bool)             { return c.at(c.it.Next()) }
func (c *cursor) Last() ([]byte, []byte, bool)             { return c.at(c.it.Last()) }
func (c *cursor) Prev() ([]byte, []byte, bool)             { return c.at(c.it.Prev()) }

func (c *cursor) SeekLT(key []byte) ([]byte, []byte, bool) {
	if c.it.Seek(key) {
		return c.Prev()
	}
	return c.Last()
}

func (c *cursor) Close() error {
	err := c.it.Error()
	c.it.Release()
	return corrupt(err)
}

// corrupt makes LevelDB's corruption errors match [kv.ErrCorrupt].
func corrupt(err error) error {
	if err != nil && lerrors.IsCorrupted(err) {
		return errors.Join(kv.ErrCorrupt, err)
	}
	return err
}

// Compact implements [kv.Compacter]. It flushes the memtable first.
func (e *engine) Compact() error {
	return e.Do(func() error { return e.db.CompactRange(util.Range{}) })
}

// Metrics implements [kv.Metricer]. The library does not tell flushes from
// compactions by bytes, other than that L0 is written by flushes; nor does it
// count its journal, which is the rest of what it wrote.
func (e *engine) Metrics() kv.Metrics {
	return e.Measure(func(m *kv.Metrics) {
		var s leveldb.DBStats
		if e.db.Stats(&s) != nil {
			return
		}
		m.Flushes = int64(s.MemComp)
		m.Compactions = int64(s.Level0Comp) + int64(s.NonLevel0Comp) + int64(s.SeekComp)
		m.Stalls, m.StallTime = int64(s.WriteDelayCount), s.WriteDelayDuration
		m.CacheHits, m.CacheMisses = s.BlockCache.HitCount, s.BlockCache.MissCount
		for i, n := range s.LevelTablesCounts {
			m.Levels = append(m.Levels, kv.LevelMetrics{Tables: int64(n), Bytes: s.LevelSizes[i]})
			m.TableBytes += s.LevelSizes[i]
			m.CompactionReadBytes += s.LevelRead[i]
			if i == 0 {
				m.FlushBytes = s.LevelWrite[i]
			} else {
				m.CompactionWrittenBytes += s.LevelWrite[i]
			}
		}
		m.DiskBytes = m.TableBytes
		m.WALBytes = max(int64(s.IOWrite)-m.FlushBytes-m.CompactionWrittenBytes, 0)
	})
}

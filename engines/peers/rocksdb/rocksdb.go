//go:build rocksdb

// Package rocksdb adapts RocksDB (C++) to kv.Engine by the binding
// github.com/linxGnu/grocksdb. It is built with the tag rocksdb only, and needs
// cgo and Debian's librocksdb-dev 7.8.
//
// Durability, chosen by each write of one open store:
//
//   - volatile: WriteOptions disableWAL = true. Mixing it with other durability levels makes
//     holes in a crash: later writes that went to the log survive earlier ones
//     that did not.
//   - buffered: the default: the log is written by write(2) on every write
//     (manual_wal_flush is false).
//   - synced: WriteOptions sync = true: fdatasync of the log, and of the logs
//     before it.
//
// Readers see a write after its sync. A sync interval is given by FlushWAL, synced; it
// bounds nothing for volatile writes, which are in no log.
//
// Transactions, all with a snapshot (set_snapshot), give kv.SnapshotIsolation: RocksDB
// checks keys that were written, by whomever, since the snapshot, and promises no more
// unless a program reads by GetForUpdate, which knows single keys ("Transactions" in its
// wiki). So kv.Serializable is refused. There are two kinds:
//
//   - Open with Options.Transactions: OptimisticTransactionDB, which compares at the
//     commit, in memtables that it keeps longer for that. If those do not reach back to the
//     snapshot the commit is refused too ("Try again"): a false conflict. The check holds
//     off other transactions, not plain writes: one that comes between check and commit is
//     overwritten (RocksDB's issue 10663). The C interface has no call for the serial
//     check, in which none comes between.
//   - OpenPessimistic: TransactionDB, which locks each key at its first write, for plain
//     writes too: a writer waits for the transaction that holds the lock. After a second a
//     transaction gives up (kv.ErrConflict), a plain write tries again. Range deletes are
//     refused, as RocksDB does.
//
// A transaction goes through the log at every durability level, and the log is synced
// after the commit of a synced one, so others may see that before its sync; with durable
// reads they do not.
//
// Settings are those of the tuning guide of its wiki: full bloom filters of 10
// bits, level bytes dynamic, blocks of 16 KiB with index and filter blocks in
// the cache and those of L0 pinned, a background job for each of up to 4 CPUs,
// bytes_per_sync of 1 MiB. Compression is off.
package rocksdb

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/linxGnu/grocksdb"

	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
	"lsmlab/engines/peers"
)

// Module is the Go module of the binding.
const Module = "github.com/linxGnu/grocksdb"

// engine is the store as every kind of database of the library has it.
type engine struct {
	*adapter.Engine
	*adapter.Transactor
	store *store
}

// plain is an engine on a database whose type has all calls.
type plain struct {
	*engine
	db *grocksdb.DB
}

// Open opens the store in dir, making it if it is missing.
func Open(dir string, o peers.Options) (kv.Engine, error) {
	var db *grocksdb.DB
	e, err := open(dir, o, func(s *store) (err error) {
		if o.Transactions {
			db, err = s.openOptimistic(dir)
		} else if db, err = grocksdb.OpenDb(s.options, dir); err == nil {
			s.closeDB = db.Close
		}
		s.db = db
		return err
	})
	if err != nil {
		return nil, err
	}
	e.WithRangeDeletes()
	return &plain{e, db}, nil
}

// open opens the database that openDB does.
func open(dir string, o peers.Options, openDB func(s *store) error) (*engine, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := newStore(o.WithDefaults())
	if err := openDB(s); err != nil {
		s.free()
		if strings.Contains(err.Error(), "lock") && strings.Contains(err.Error(), "LOCK") {
			return nil, fmt.Errorf("%w: %s: %w", kv.ErrInUse, dir, err)
		}
		return nil, corrupt(err)
	}
	a := adapter.New(s, kv.Volatile, kv.Buffered, kv.Synced).WithSyncInterval(o.SyncInterval, s.sync)
	if o.DurableReads {
		a.WithDurableReads(false)
		s.txnWrites = s.writes[kv.Synced]
	}
	return &engine{a, s.transactor(a), s}, nil
}

// database are the calls that all kinds of databases of the binding have.
type database interface {
	Get(o *grocksdb.ReadOptions, key []byte) (*grocksdb.Slice, error)
	Write(o *grocksdb.WriteOptions, b *grocksdb.WriteBatch) error
	NewIterator(o *grocksdb.ReadOptions) *grocksdb.Iterator
	NewSnapshot() *grocksdb.Snapshot
	ReleaseSnapshot(s *grocksdb.Snapshot)
	Flush(o *grocksdb.FlushOptions) error
	FlushWAL(sync bool) error
	NewCheckpoint() (*grocksdb.Checkpoint, error)
}

// store implements [adapter.Store]. The C objects of options are shared by all
// calls and freed with it.
type store struct {
	db      database
	closeDB func()
	begin   func() *grocksdb.Transaction // nil without transactions
	// txnWrites are the write options of transactions.
	txnWrites *grocksdb.WriteOptions
	destroy   []func() // what else of C is the store's

	options *grocksdb.Options
	tables  *grocksdb.BlockBasedTableOptions
	cache   *grocksdb.Cache
	newest  *grocksdb.ReadOptions
	writes  [3]*grocksdb.WriteOptions // by durability
	batches sync.Pool
}

func newStore(o peers.Options) *store {
	s := &store{
		options: grocksdb.NewDefaultOptions(),
		tables:  grocksdb.NewDefaultBlockBasedTableOptions(),
		cache:   grocksdb.NewLRUCache(uint64(o.CacheSize)),
		newest:  grocksdb.NewDefaultReadOptions(),
	}
	for d := range s.writes {
		s.writes[d] = grocksdb.NewDefaultWriteOptions()
	}
	s.writes[kv.Volatile].DisableWAL(true)
	s.writes[kv.Synced].SetSync(true)
	s.txnWrites = s.writes[kv.Buffered]
	s.batches.New = func() any {
		b := grocksdb.NewWriteBatch()
		runtime.AddCleanup(b, func(c grocksdb.WriteBatch) { c.Destroy() }, *b) // when the pool drops it
		return b
	}
	s.tables.SetBlockCache(s.cache)
	s.tables.SetFilterPolicy(grocksdb.NewBloomFilterFull(10))
	s.tables.SetBlockSize(16 << 10)
	s.tables.SetCacheIndexAndFilterBlocks(true)
	s.tables.SetPinL0FilterAndIndexBlocksInCache(true)
	s.options.SetBlockBasedTableFactory(s.tables)
	s.options.SetCreateIfMissing(true)
	s.options.SetWriteBufferSize(uint64(o.MemTableSize))
	s.options.SetCompression(grocksdb.NoCompression)
	s.options.SetLevelCompactionDynamicLevelBytes(true)
	s.options.SetMaxBackgroundJobs(max(2, min(4, runtime.NumCPU())))
	s.options.SetBytesPerSync(1 << 20)
	s.options.SetInfoLogLevel(grocksdb.FatalInfoLogLevel)
	s.options.SetKeepLogFileNum(1)
	return s
}

func (s *store) Close() error {
	s.closeDB()
	s.free()
	return nil
}

func (s *store) free() {
	for _, f := range s.destroy {
		f()
	}
	s.newest.Destroy()
	for _, w := range s.writes {
		w.Destroy()
	}
	s.options.Destroy()
	s.tables.Destroy()
	s.cache.Destroy()
}

func (s *store) Get(dst, key []byte) ([]byte, error) { return s.get(s.newest, dst, key) }

func (s *store) get(o *grocksdb.ReadOptions, dst, key []byte) ([]byte, error) {
	value, err := s.db.Get(o, key)
	if err != nil {
		return dst, corrupt(err)
	}
	defer value.Free()
	if !value.Exists() {
		return dst, kv.ErrNotFound
	}
	return append(dst, value.Data()...), nil
}

func (s *store) Apply(b *kv.Batch, d kv.Durability) error {
	batch := s.batches.Get().(*grocksdb.WriteBatch)
	defer s.batches.Put(batch)
	batch.Clear()
	for ops := b.Ops(); ops.Next(); {
		switch ops.Kind {
		case kv.OpSet:
			batch.Put(ops.Key, ops.Value)
		case kv.OpDelete:
			batch.Delete(ops.Key)
		case kv.OpDeleteRange:
			upper := ops.Value
			if upper == nil {
				upper = afterAllKeys
			}
			batch.DeleteRange(ops.Key, upper)
		}
	}
	err := s.db.Write(s.writes[d], batch)
	for isTimeout(err) { // a transaction holds a lock, and will end
		err = s.db.Write(s.writes[d], batch)
	}
	return corrupt(err)
}

// afterAllKeys sorts after every key.
var afterAllKeys = bytes.Repeat([]byte{0xff}, kv.MaxKeySize+1)

// sync syncs the log and those before it.
func (s *store) sync() error { return corrupt(s.db.FlushWAL(true)) }

func (s *store) Scan(lower, upper []byte) (adapter.Cursor, error) {
	return s.scan(nil, lower, upper), nil
}

func (s *store) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	return s.scan(nil, lower, upper), nil
}

func (s *store) scan(snap *grocksdb.Snapshot, lower, upper []byte) *cursor {
	o := grocksdb.NewDefaultReadOptions()
	if snap != nil {
		o.SetSnapshot(snap)
	}
	if len(lower) > 0 {
		o.SetIterateLowerBound(lower) // RocksDB keeps the pointers: o keeps the slices
	}
	if upper != nil {
		o.SetIterateUpperBound(upper)
	}
	return &cursor{it: s.db.NewIterator(o), o: o}
}

func (s *store) Snapshot() (adapter.View, error) { return s.snapshot(), nil }

func (s *store) snapshot() *view {
	v := &view{s: s, snap: s.db.NewSnapshot(), o: grocksdb.NewDefaultReadOptions()}
	v.o.SetSnapshot(v.snap)
	return v
}

type view struct {
	s    *store
	snap *grocksdb.Snapshot
	o    *grocksdb.ReadOptions
}

func (v *view) Get(dst, key []byte) ([]byte, error) { return v.s.get(v.o, dst, key) }

func (v *view) Scan(lower, upper []byte) (adapter.Cursor, error) {
	return v.s.scan(v.snap, lower, upper), nil
}

func (v *view) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	return v.s.scan(v.snap, lower, upper), nil
}

func (v *view) Close() error {
	v.o.Destroy()
	v.s.db.ReleaseSnapshot(v.snap)
	return nil
}

type cursor struct {
	it *grocksdb.Iterator
	o  *grocksdb.ReadOptions
}

func (c *cursor) at() (key, value []byte, ok bool) {
	if !c.it.Valid() {
		return nil, nil, false
	}
	return c.it.Key().Data(), c.it.Value().Data(), true
}

func (c *cursor) First() ([]byte, []byte, bool)            { c.it.SeekToFirst(); return c.at() }
func (c *cursor) SeekGE(key []byte) ([]byte, []byte, bool) { c.it.Seek(key); return c.at() }
func (c *cursor) Next() ([]byte, []byte, bool)             { c.it.Next(); return c.at() }
func (c *cursor) Last() ([]byte, []byte, bool)             { c.it.SeekToLast(); return c.at() }
func (c *cursor) Prev() ([]byte, []byte, bool)             { c.it.Prev(); return c.at() }

// SeekLT seeks to the last key that is not above key, and passes key itself.
func (c *cursor) SeekLT(key []byte) ([]byte, []byte, bool) {
	c.it.SeekForPrev(key)
	if found, value, ok := c.at(); !ok || !bytes.Equal(found, key) {
		return found, value, ok
	}
	return c.Prev()
}

func (c *cursor) Close() error {
	err := c.it.Err()
	c.it.Close()
	c.o.Destroy()
	return corrupt(err)
}

// corrupt makes RocksDB's corruption errors, known by their text alone, match
// [kv.ErrCorrupt].
func corrupt(err error) error {
	if err != nil && strings.HasPrefix(err.Error(), "Corruption") {
		return errors.Join(kv.ErrCorrupt, err)
	}
	return err
}

// Sync implements [kv.Syncer].
func (e *engine) Sync() error { return e.Do(e.store.sync) }

// Flush implements [kv.Flusher].
func (e *engine) Flush() error {
	return e.Do(func() error {
		o := grocksdb.NewDefaultFlushOptions()
		defer o.Destroy()
		return e.store.db.Flush(o)
	})
}

// Checkpoint implements [kv.Checkpointer] by RocksDB's: tables are hard links, memory is
// flushed first, as writes may be in no log.
func (e *engine) Checkpoint(dir string) error {
	return e.MakeCheckpoint(dir, func(dir string) error {
		c, err := e.store.db.NewCheckpoint()
		if err != nil {
			return err
		}
		defer c.Destroy()
		if err := os.Remove(dir); err != nil { // RocksDB makes it
			return err
		}
		return corrupt(c.CreateCheckpoint(dir, 0))
	})
}

// Compact implements [kv.Compacter].
func (e *plain) Compact() error {
	return e.Do(func() error {
		e.db.CompactRange(grocksdb.Range{})
		return nil
	})
}

// Metrics implements [kv.Metricer] from properties. Those tell how many flushes
// and compactions run now, not how many ran; tickers of their bytes would need
// statistics, which cost time on every operation.
func (e *plain) Metrics() kv.Metrics {
	return e.Measure(func(m *kv.Metrics) {
		number := func(name string) int64 {
			n, _ := strconv.ParseInt(e.db.GetProperty("rocksdb."+name), 10, 64)
			return n
		}
		m.MemTableBytes = number("size-all-mem-tables")
		m.MemTableEntries = number("num-entries-active-mem-table") + number("num-entries-imm-mem-tables")
		m.ImmutableTables = number("num-immutable-mem-table")
		m.CompactionDebtBytes = number("estimate-pending-compaction-bytes")
		m.DiskBytes = number("total-sst-files-size")
		for level := range 7 {
			m.Levels = append(m.Levels, kv.LevelMetrics{Tables: number("num-files-at-level" + strconv.Itoa(level))})
		}
	})
}

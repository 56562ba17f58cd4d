package lsm

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"lsmlab/engines/internal/interval"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/compaction"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
	"lsmlab/engines/lsm/sstable"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/vfs"
)

const lockName = "LOCK"

// Open opens the store in dir, or makes one if dir holds none. Damage is
// reported as [kv.ErrCorrupt] with file and place, and nothing is removed then;
// a store that is open elsewhere as [kv.ErrInUse]; a lack of space, descriptors or
// memory as [kv.ErrExhausted]. Any other error of the file system is just that.
func Open(dir string, o Options) (_ *DB, err error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := makeDir(o.FS, dir); err != nil {
		return nil, vfs.MarkExhausted(err)
	}
	lock, err := o.FS.Lock(path.Join(dir, lockName))
	if err != nil {
		return nil, vfs.MarkExhausted(err)
	}
	db := &DB{
		dir:   dir,
		opts:  o,
		lock:  lock,
		cache: sstable.NewCache(o.CacheSize),
		stop:  make(chan struct{}),
	}
	db.work.planner = o.planner()
	db.work.occasion = compaction.Occasion{OnTick: o.CompactEvery != 0, Stop: float64(o.L0StopTrigger)}
	db.writes.recent.batches = make([]recentBatch, recentBatches)
	db.shortage.wake = make(chan struct{}, 1)
	for _, c := range []*sync.Cond{&db.work.flushable, &db.work.progress, &db.trash.filled} {
		c.L = &db.mu
	}
	if o.SyncInterval > 0 {
		db.durable.syncer = interval.New(o.SyncInterval, db.Sync)
	}
	if err = db.askMemory(0); err == nil {
		err = db.recover()
	}
	if err != nil {
		return nil, joinClose(vfs.MarkExhausted(err), lock)
	}
	db.work.pool = compaction.NewPool(o.Workers, o.QueueLength, o.WorkerIdle)
	db.background.Go(db.flushLoop)
	db.background.Go(db.removeLoop)
	db.background.Go(db.tickLoop)
	db.background.Go(db.retryLoop)
	if o.SyncInterval > 0 {
		db.background.Go(db.syncLoop)
	}
	db.schedule() // what earlier openings left to do
	return db, nil
}

// makeDir makes dir if it is missing, durably: a store in a directory that the
// next power failure takes is no store.
func makeDir(filesystem vfs.FS, dir string) error {
	names, err := filesystem.List(dir)
	if err == nil && slices.Contains(names, manifest.CurrentName) {
		return nil // whoever made the store made the directory durable first
	}
	parents := []string{path.Dir(dir)}
	for d := path.Dir(dir); errors.Is(err, fs.ErrNotExist) && path.Dir(d) != d; {
		_, err = filesystem.List(d)
		d = path.Dir(d)
		parents = append(parents, d)
	}
	if err := filesystem.MkdirAll(dir); err != nil {
		return err
	}
	for _, d := range parents {
		if err := filesystem.SyncDir(d); err != nil {
			return err
		}
	}
	return nil
}

// recover brings the store in dir into memory: tables by the manifest, later
// writes by the WAL. It writes nothing before all of it was read, and makes a
// new manifest durable before it lets go of anything: what it read may have
// come from the page cache of a process that died before its sync.
func (db *DB) recover() (err error) {
	names, err := db.opts.FS.List(db.dir)
	if err != nil {
		return err
	}
	version, err := loadVersion(db.opts, db.dir, names)
	if err != nil {
		return err
	}
	version = compaction.Sunk(version) // what an earlier version laid out otherwise
	open, err := db.openTables(version)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			for _, t := range open {
				err = joinClose(err, t.reader)
			}
		}
	}()
	db.history.ends.restore(version)
	mems, recovered, err := db.replay(version.Log, version.FlushedSeq)
	defer func() {
		if err != nil {
			for _, m := range mems {
				m.table.Release()
			}
		}
	}()
	if err != nil {
		return err
	}
	newest := max(version.FlushedSeq, recovered.LastSeq)
	version.Past = version.Past.Upto(newest)
	version.Log = db.opts.reopened(version.Log)
	db.edits.nextFile.Store(max(version.NextFileID, lastFileID(names)+1))
	err = db.beginManifest(version)
	if vfs.OutOfSpace(err) && db.opts.FS.Remove(path.Join(db.dir, reserveName)) == nil {
		db.shortage.note(err)
		err = db.beginManifest(version)
	}
	if err != nil {
		return err
	}
	if db.wal, err = wal.NewWriter(db.walOptions(version.Log), recovered); err != nil {
		return joinClose(err, db.edits.log)
	}
	if err = db.removeOrphans(version, names); err != nil {
		return errors.Join(err, db.wal.Close(), db.edits.log.Close())
	}
	db.writes.mem = mems[0]
	db.writes.assigned = newest
	db.published.init(newest)
	db.initHistory(&version.Past, newest)
	db.swapState(newReadState(mems, db.newTableSet(version, open)))
	db.findReserve()
	return nil
}

// loadVersion returns the version of the manifest, or an empty one for a new
// store.
func loadVersion(o Options, dir string, names []string) (*manifest.Version, error) {
	version, _, err := manifest.Load(o.FS, dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return version, err
	}
	// Data without a manifest is not a new store: to go on would remove it. A
	// lone manifest is what a crash in the very first Open leaves.
	for _, name := range names {
		if kind, _, ok := parseFileName(name); ok && kind == fileTable || strings.HasSuffix(name, ".wal") {
			return nil, fmt.Errorf("%w: %s: holds %s but no manifest: %w", kv.ErrCorrupt, dir, name, err)
		}
	}
	return &manifest.Version{NextFileID: 1}, nil
}

// openTables opens all tables of the version, by number.
func (db *DB) openTables(version *manifest.Version) (map[uint64]*table, error) {
	open, tables := map[uint64]*table{}, version.Tables()
	for i, lt := range tables {
		err := db.opts.Opening(kv.OpenProgress{Step: "tables", Done: int64(i), Total: int64(len(tables))})
		var t *table
		if err == nil {
			t, err = db.openTable(lt.Table)
		}
		if err != nil {
			for _, t := range open {
				err = joinClose(err, t.reader)
			}
			return nil, err
		}
		open[lt.Table.ID] = t
	}
	return open, nil
}

// replay returns the MemTables that the WAL makes, newest first, the first one
// active. They are returned with an error too, to be released.
func (db *DB) replay(log manifest.LogIdentity, flushed ikey.Seq) ([]*memHandle, wal.Recovered, error) {
	mems := []*memHandle{newMemHandle(db.opts, flushed)}
	recovered, err := wal.Recover(db.walOptions(log), flushed, func(first ikey.Seq, count int, encoded []byte) error {
		m := mems[0]
		if (m.table.Size() >= db.opts.MemTableSize || m.full.Load()) && !m.empty() {
			m.advance(memActive, memImmutable)
			m = newMemHandle(db.opts, m.lastSeq())
			mems = append([]*memHandle{m}, mems...)
		}
		ops := kv.ReadAllOps(encoded)
		n := m.addApart(first, &ops, flushed)
		if err := ops.Err(); err != nil {
			return err
		}
		if n != count {
			return fmt.Errorf("%w: WAL record at LSN %d says %d operations, holds %d", kv.ErrCorrupt, first, count, n)
		}
		last := first + ikey.Seq(n) - 1
		m.last.Store(uint64(last))
		db.history.ends.mark(last, 0)
		return nil
	})
	return mems, recovered, err
}

// reopened returns the identity of the log for this opening of the store: the manifest
// that holds it is durable before the log's first segment is made.
func (o Options) reopened(log manifest.LogIdentity) manifest.LogIdentity {
	log.Epoch++
	if log.Secret == 0 { // a new store, or one of a version without secrets
		var drawn [8]byte
		_, _ = rand.Read(drawn[:]) // never fails
		log.Secret = cmp.Or(o.LogSecret, binary.LittleEndian.Uint64(drawn[:]), 1)
	}
	return log
}

func (db *DB) walOptions(log manifest.LogIdentity) wal.Options {
	return wal.Options{
		FS: db.opts.FS, Dir: db.dir, Epoch: log.Epoch, Secret: log.Secret,
		SegmentSize: db.opts.WALSegmentSize, PoolSize: db.opts.WALPoolSize,
		Sync: db.opts.WALSync, Write: db.opts.WALWrite,
		Progress: func(done, total int64) error {
			return db.opts.Opening(kv.OpenProgress{Step: "log", Done: done, Total: total})
		},
	}
}

// fileKind is what a file of the store is, by its name. WAL segments are the
// wal package's own business.
type fileKind uint8

const (
	fileTable fileKind = iota
	fileManifest
)

// parseFileName returns kind and number of a table or manifest.
func parseFileName(name string) (kind fileKind, num uint64, ok bool) {
	if num, ok := manifest.ParseFileName(name); ok {
		return fileManifest, num, true
	}
	digits, ok := strings.CutSuffix(name, ".sst")
	if !ok {
		return 0, 0, false
	}
	num, err := strconv.ParseUint(digits, 10, 64)
	return fileTable, num, err == nil && tableName(num) == name
}

func lastFileID(names []string) (last uint64) {
	for _, name := range names {
		if _, num, ok := parseFileName(name); ok {
			last = max(last, num)
		}
	}
	return last
}

// orphans returns those of names that are tables or manifests which no longer
// count, or were never finished.
func orphans(names []string, version *manifest.Version, manifestNum uint64) []string {
	counts := tableIDs(version)
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		kind, num, ok := parseFileName(name)
		return !ok || kind == fileTable && counts[num] || kind == fileManifest && num == manifestNum
	})
}

// removeOrphans removes what earlier openings of the store left behind. It is
// called once the new manifest is durable.
func (db *DB) removeOrphans(version *manifest.Version, names []string) error {
	for _, name := range orphans(names, version, db.edits.log.FileNum()) {
		if err := db.opts.FS.Remove(path.Join(db.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

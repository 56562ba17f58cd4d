package lsm

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync/atomic"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
	"lsmlab/engines/lsm/sstable"
)

// table is an open SSTable, shared by every read state that contains it. When
// the last one lets go it is closed, and its file removed if it is obsolete.
type table struct {
	*manifest.Table
	reader   *sstable.Reader
	hidden   hidden
	refs     atomic.Int32
	obsolete atomic.Bool
	db       *DB
}

func tableName(id uint64) string { return fmt.Sprintf("%06d.sst", id) }

func (db *DB) tablePath(id uint64) string { return path.Join(db.dir, tableName(id)) }

// openTable opens a table of the version and checks that it is the one the
// manifest means. It starts with no references.
func (db *DB) openTable(meta *manifest.Table) (*table, error) {
	name := db.tablePath(meta.ID)
	f, err := db.opts.FS.Open(name)
	if err != nil {
		return nil, missing(err)
	}
	r, err := sstable.Open(f, name, sstable.ReaderOptions{Mode: db.opts.ReadMode, Cache: db.cache, ID: meta.ID})
	if err != nil {
		return nil, err
	}
	if err := checkTable(name, meta, r.Properties()); err != nil {
		return nil, joinClose(err, r)
	}
	return &table{Table: meta, reader: r, hidden: storedHidden(meta.Hidden), db: db}, nil
}

// missing says of an error that opened no table of the manifest what it means: that
// it is not there is damage, all else, as a lack of descriptors, is not.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: table of the manifest is missing: %w", kv.ErrCorrupt, err)
	}
	return fmt.Errorf("table of the manifest: %w", err)
}

// checkTable compares what the manifest says of a table with what it holds.
func checkTable(name string, meta *manifest.Table, p sstable.Properties) error {
	if p.Entries != meta.Entries || p.MinSeq != meta.MinSeq || p.MaxSeq != meta.MaxSeq ||
		!bytes.Equal(p.Smallest, meta.Smallest) || !bytes.Equal(p.Largest, meta.Largest) {
		return fmt.Errorf("%w: %s: holds %d entries, LSN %d..%d, keys %q..%q; manifest says %d, %d..%d, %q..%q",
			kv.ErrCorrupt, name, p.Entries, p.MinSeq, p.MaxSeq, p.Smallest, p.Largest,
			meta.Entries, meta.MinSeq, meta.MaxSeq, meta.Smallest, meta.Largest)
	}
	return nil
}

func (t *table) ref() { t.refs.Add(1) }

func (t *table) unref() {
	if t.refs.Add(-1) == 0 {
		t.db.closeTable(t)
	}
}

// levelIter walks the tables of one sorted run one after the other.
type levelIter struct {
	tables []*table
	once   bool // as in sstable.Iter.ReadOnce
	at     int  // the table that it stands in
	it     sstable.Iter
	opened bool
	err    error
}

// init prepares l for a new walk, keeping its buffers.
func (l *levelIter) init(tables []*table) {
	l.tables, l.at, l.opened, l.err = tables, 0, false, nil
}

func (l *levelIter) First() bool {
	return l.open(0) && (l.it.First() || l.nextTable())
}

func (l *levelIter) SeekGE(k ikey.Key) bool {
	i := searchTables(l.tables, k.User)
	return l.open(i) && (l.it.SeekGE(k) || l.nextTable())
}

func (l *levelIter) Next() bool { return l.it.Next() || l.nextTable() }

func (l *levelIter) Key() ikey.Key { return l.it.Key() }

func (l *levelIter) Value() []byte { return l.it.Value() }

// Err returns the error that ended the walk, if one did.
func (l *levelIter) Err() error { return l.err }

func (l *levelIter) Close() error {
	l.closeTable()
	l.tables = nil
	return l.err
}

// open moves to table i and says whether there is one.
func (l *levelIter) open(i int) bool {
	if l.err != nil || i >= len(l.tables) {
		return false
	}
	if l.opened && l.at == i {
		return true
	}
	if !l.closeTable() {
		return false
	}
	l.at, l.opened = i, true
	l.tables[i].reader.InitIter(&l.it)
	if l.once {
		l.it.ReadOnce()
	}
	return true
}

// pass moves on from the present entry, which the range delete of LSN cover hides, as it
// hides all older versions up to end. Tables without newer ones are passed at once.
func (l *levelIter) pass(cover ikey.Seq, end []byte) bool {
	if l.tables[l.at].MaxSeq >= cover {
		return l.Next()
	}
	for end == nil || bytes.Compare(l.tables[l.at].Largest, end) < 0 {
		if !l.closeTable() || !l.open(l.at+1) {
			return false
		}
		if t := l.tables[l.at]; t.MaxSeq >= cover || end != nil && bytes.Compare(end, t.Smallest) <= 0 {
			return l.it.First() || l.nextTable()
		}
	}
	return l.it.SeekGE(ikey.SeekKey(end, ikey.MaxSeq)) || l.nextTable()
}

// nextTable goes on with the following tables when one is exhausted.
func (l *levelIter) nextTable() bool {
	for l.closeTable() && l.open(l.at+1) {
		if l.it.First() {
			return true
		}
	}
	return false
}

// closeTable says whether the table at hand ended soundly.
func (l *levelIter) closeTable() bool {
	if l.opened {
		l.opened = false
		if err := l.it.Close(); err != nil && l.err == nil {
			l.err = err
		}
	}
	return l.err == nil
}

// searchTables returns the index of the first table of a sorted run whose range
// ends at or after user.
func searchTables(tables []*table, user []byte) int {
	lo, hi := 0, len(tables)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if bytes.Compare(tables[mid].Largest, user) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

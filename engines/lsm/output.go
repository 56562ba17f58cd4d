package lsm

import (
	"bytes"
	"errors"
	"runtime/debug"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
	"lsmlab/engines/lsm/sstable"
	"lsmlab/engines/vfs"
)

// output turns sorted versions into new tables, dropping those that nobody can
// read any more.
type output struct {
	db       *DB
	level    int // that the tables are for
	retain   retainer
	splitAt  int64    // bytes at which a table ends
	cuts     [][]byte // keys at which a table ends too: rising, without those passed
	pause    func()   // called now and then, if not nil
	writer   *sstable.Writer
	close    func() error
	id       uint64
	tables   []*table
	lastUser []byte
}

// newOutput prepares an output for versions and range deletes up to newest, once all of
// them are published: their writers are done then. bottom is as in retainer.
func (db *DB) newOutput(level int, newest ikey.Seq, splitAt int64, bottom func([]byte) bool) *output {
	db.published.wait(newest)
	floor := db.raiseFloor(newest) // before pins are listed: see history
	db.cutReaders(newest)
	return &output{
		db:      db,
		level:   level,
		retain:  retainer{floor: floor, snapshots: db.pins.list(), bottom: bottom},
		splitAt: splitAt,
	}
}

// write writes the versions of it with user keys in [lower, upper), nil being
// unbounded, and returns the tables, open and durable. On an error nothing of
// them is left.
func (o *output) write(it ikey.Iterator, lower, upper []byte) ([]*table, error) {
	if err := o.writeAll(it, lower, upper); err != nil {
		return nil, errors.Join(err, o.discard())
	}
	if len(o.tables) == 0 {
		return nil, nil
	}
	if err := o.db.opts.FS.SyncDir(o.db.dir); err != nil {
		return nil, errors.Join(err, o.discard())
	}
	return o.tables, nil
}

// tendEvery is after how many versions writeAll tends the MemTables' memory: some
// hundred microseconds, if values are small.
const tendEvery = 1024

// writeAll may meet a device that fails as a fault: values are views of mapped
// tables.
func (o *output) writeAll(it ikey.Iterator, lower, upper []byte) (err error) {
	defer vfs.CatchFault(debug.SetPanicOnFault(true), "input of a compaction", &err)
	var ok bool
	if lower == nil {
		ok = it.First()
	} else {
		ok = it.SeekGE(ikey.SeekKey(lower, ikey.MaxSeq))
	}
	for n := 1; ok; n, ok = n+1, it.Next() {
		if n%tendEvery == 0 {
			arena.Tend()
			if o.pause != nil {
				o.pause()
			}
		}
		k := it.Key()
		if upper != nil && bytes.Compare(k.User, upper) >= 0 {
			break
		}
		if o.db.closing.Load() {
			return kv.ErrClosed
		}
		if err := o.cut(k.User); err != nil {
			return err
		}
		if !o.retain.keep(k) { // which notes what it keeps for the table at hand
			continue
		}
		if err := o.add(k, it.Value()); err != nil {
			return err
		}
	}
	if f, ok := it.(failer); ok && f.Err() != nil {
		return f.Err()
	}
	return o.finish()
}

// cut ends the table at hand if user belongs into another one. All versions of a key stay
// in one table, so that no two tables of a level share a user key.
func (o *output) cut(user []byte) error {
	passed := o.passedCut(user) // the first key too: it may lie behind cuts
	if o.writer != nil && !bytes.Equal(user, o.lastUser) && (passed || o.writer.Size() >= o.splitAt) {
		return o.finish()
	}
	return nil
}

// add copies one version into the table at hand.
func (o *output) add(k ikey.Key, value []byte) error {
	if o.writer == nil {
		if err := o.begin(); err != nil {
			return err
		}
	}
	o.lastUser = append(o.lastUser[:0], k.User...)
	return o.writer.Add(k, value)
}

// passedCut says whether user is the first key at or after a cut.
func (o *output) passedCut(user []byte) (passed bool) {
	for len(o.cuts) > 0 && bytes.Compare(user, o.cuts[0]) >= 0 {
		o.cuts, passed = o.cuts[1:], true
	}
	return passed
}

func (o *output) begin() error {
	o.id = o.db.newFileID()
	name := o.db.tablePath(o.id)
	f, err := o.db.opts.FS.Create(name)
	if err != nil {
		return err
	}
	o.close = f.Close
	o.writer = sstable.NewWriter(f, name, o.db.opts.writerOptions(o.level))
	return nil
}

// finish ends the table at hand, if there is one, and opens it for reading. On an
// error its file is gone.
func (o *output) finish() error {
	if o.writer == nil {
		return nil
	}
	if err := o.finishTable(); err != nil {
		return errors.Join(err, o.db.opts.FS.Remove(o.db.tablePath(o.id)))
	}
	return nil
}

func (o *output) finishTable() error {
	p, err := o.writer.Finish()
	if err := errors.Join(err, o.closeFile()); err != nil {
		return err
	}
	size, err := o.db.opts.FS.Stat(o.db.tablePath(o.id))
	if err != nil {
		return err
	}
	t, err := o.db.openTable(&manifest.Table{
		ID: o.id, Size: size,
		Smallest: p.Smallest, Largest: p.Largest,
		MinSeq: p.MinSeq, MaxSeq: p.MaxSeq,
		Entries: p.Entries, Deletes: p.Deletes, Hidden: o.retain.hidden.stored(),
		Swept: o.retain.swept(),
	})
	if err != nil {
		return err
	}
	t.hidden, o.retain.hidden = o.retain.hidden, hidden{}
	o.tables = append(o.tables, t)
	return nil
}

// closeFile closes the file at hand.
func (o *output) closeFile() error {
	o.writer = nil
	return o.close()
}

// discard closes and removes all that was written.
func (o *output) discard() (err error) {
	if o.writer != nil {
		o.writer.Abort()
		err = errors.Join(o.closeFile(), o.db.opts.FS.Remove(o.db.tablePath(o.id)))
	}
	return errors.Join(err, o.db.discardTables(o.tables))
}

// discardTables closes and removes new tables that no manifest may name yet: a
// full disk needs the room.
func (db *DB) discardTables(tables []*table) (err error) {
	for _, t := range tables {
		err = errors.Join(err, t.reader.Close(), db.opts.FS.Remove(db.tablePath(t.ID)))
	}
	return err
}

// notInstalled closes new tables whose install failed with err. Their files stay if
// the manifest may name them.
func (db *DB) notInstalled(err error, tables []*table) error {
	if errors.Is(err, kv.ErrExhausted) {
		return errors.Join(err, db.discardTables(tables))
	}
	for _, t := range tables {
		err = joinClose(err, t.reader)
	}
	return err
}

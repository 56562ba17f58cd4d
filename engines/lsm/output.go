package lsm

import (
	"bytes"
	"errors"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
	"lsmlab/engines/lsm/sstable"
)

// output turns sorted versions into new tables, dropping those that nobody can
// read any more.
type output struct {
	db       *DB
	retain   retainer
	splitAt  int64 // bytes at which a table ends
	writer   *sstable.Writer
	close    func() error
	id       uint64
	tables   []*table
	lastUser []byte
}

// newOutput prepares an output for versions up to newest, which must be
// published. bottom is as in retainer.
func (db *DB) newOutput(newest ikey.Seq, bottom func([]byte) bool) *output {
	db.published.wait(newest)
	return &output{
		db:      db,
		retain:  retainer{snapshots: db.openSnapshots(), bottom: bottom},
		splitAt: db.opts.TableSize,
	}
}

// write writes the versions of it with user keys in [lower, upper), nil being
// unbounded, and returns the tables, open and durable, also with an error.
func (o *output) write(it ikey.Iterator, lower, upper []byte) ([]*table, error) {
	ok := false
	if lower == nil {
		ok = it.First()
	} else {
		ok = it.SeekGE(ikey.SeekKey(lower, ikey.MaxSeq))
	}
	for ; ok; ok = it.Next() {
		k := it.Key()
		if upper != nil && bytes.Compare(k.User, upper) >= 0 {
			break
		}
		if o.db.closing.Load() {
			return o.tables, errors.Join(kv.ErrClosed, o.abandon())
		}
		if !o.retain.keep(k) {
			continue
		}
		if err := o.add(k, it.Value()); err != nil {
			return o.tables, errors.Join(err, o.abandon())
		}
	}
	if f, ok := it.(failer); ok && f.Err() != nil {
		return o.tables, errors.Join(f.Err(), o.abandon())
	}
	if err := o.finish(); err != nil {
		return o.tables, err
	}
	if len(o.tables) == 0 {
		return nil, nil
	}
	return o.tables, o.db.opts.FS.SyncDir(o.db.dir)
}

func (o *output) add(k ikey.Key, value []byte) error {
	// All versions of a key stay in one table, so that no two tables of a level
	// share a user key.
	if o.writer != nil && o.writer.Size() >= o.splitAt && !bytes.Equal(k.User, o.lastUser) {
		if err := o.finish(); err != nil {
			return err
		}
	}
	if o.writer == nil {
		if err := o.begin(); err != nil {
			return err
		}
	}
	o.lastUser = append(o.lastUser[:0], k.User...)
	return o.writer.Add(k, value)
}

func (o *output) begin() error {
	o.id = o.db.newFileID()
	name := o.db.tablePath(o.id)
	f, err := o.db.opts.FS.Create(name)
	if err != nil {
		return err
	}
	o.close = f.Close
	o.writer = sstable.NewWriter(f, name, sstable.WriterOptions{
		BlockSize:       o.db.opts.BlockSize,
		RestartInterval: o.db.opts.RestartInterval,
		BloomBitsPerKey: o.db.opts.BloomBitsPerKey,
		Compression:     o.db.opts.Compression,
	})
	return nil
}

// finish ends the table at hand, if there is one, and opens it for reading.
func (o *output) finish() error {
	if o.writer == nil {
		return nil
	}
	p, err := o.writer.Finish()
	if err := errors.Join(err, o.abandon()); err != nil {
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
		Entries: p.Entries, Deletes: p.Deletes,
	})
	if err != nil {
		return err
	}
	o.tables = append(o.tables, t)
	return nil
}

// abandon closes the file at hand. What it holds is an orphan unless it was
// finished; the next open of the store removes it.
func (o *output) abandon() error {
	if o.writer == nil {
		return nil
	}
	o.writer = nil
	return o.close()
}

// joinTables closes new tables that did not become part of a version. Their
// files stay: the manifest may name them.
func joinTables(err error, tables []*table) error {
	for _, t := range tables {
		err = joinClose(err, t.reader)
	}
	return err
}

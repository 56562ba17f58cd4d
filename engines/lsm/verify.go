package lsm

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/manifest"
	"lsmlab/engines/lsm/sstable"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/vfs"
)

// Report is what [Verify] found in a store.
type Report struct {
	Tables     int   // checked
	TableBytes int64 // of their files
	Entries    uint64
	FlushedSeq uint64 // every LSN up to it is in tables
	LastSeq    uint64 // newest LSN of the store
	WALRecords int    // with LSNs after FlushedSeq
	WALTail    string // what a torn tail lost, none of it acknowledged as synced; empty if none
	WALSkipped int    // unreadable places that held only LSNs in tables
	// Chain is the files that hold LSNs, tables first, each group by its first LSN.
	// Without a hole in it and without damage every LSN up to LastSeq is there.
	Chain []Link
	// Orphans are files that the next open removes. They are no damage.
	Orphans []string
	// Findings are the damage, each with file and place.
	Findings []error
}

// Link is one file of the LSN chain.
type Link struct {
	File        string
	Level       int // of a table; -1 for a WAL segment
	Bytes       int64
	First, Last uint64 // LSNs; a segment without records has Last = First-1
	Damage      string // the first damage found in it, or ""
}

// Verify checks every byte of the store in dir without changing it: each
// checksum, key order, level overlap, the LSN chain, missing files and orphans.
// The error is about the check itself ([kv.ErrInUse], no store in dir, a file that
// cannot be read); damage stands in the report, all of it that can be told.
func Verify(filesystem vfs.FS, dir string) (_ Report, err error) {
	names, err := filesystem.List(dir)
	if err != nil {
		return Report{}, err
	}
	if !slices.ContainsFunc(names, isStoreFile) {
		return Report{}, fmt.Errorf("%s holds no store: no table, manifest or log in it", dir)
	}
	lock, err := filesystem.Lock(path.Join(dir, lockName))
	if err != nil {
		return Report{}, err
	}
	defer func() { err = joinClose(err, lock) }()
	var r Report
	version, manifestNum, err := manifest.Load(filesystem, dir)
	if err != nil {
		return r, r.find(fmt.Errorf("manifest: %w", err))
	}
	r.FlushedSeq = uint64(version.FlushedSeq)
	r.Orphans = orphans(names, version, manifestNum)
	for _, lt := range version.Tables() {
		l := Link{tableName(lt.Table.ID), lt.Level, lt.Table.Size, uint64(lt.Table.MinSeq), uint64(lt.Table.MaxSeq), ""}
		if err := r.link(l, r.checkTable(filesystem, dir, lt)); err != nil {
			return r, err
		}
	}
	slices.SortStableFunc(r.Chain, func(a, b Link) int { return cmp.Compare(a.First, b.First) })
	recovered, err := wal.Check(wal.Options{
		FS: filesystem, Dir: dir, Epoch: version.Log.Epoch, Secret: version.Log.Secret,
	}, version.FlushedSeq)
	if err != nil {
		return r, r.find(err)
	}
	r.LastSeq = max(r.FlushedSeq, uint64(recovered.LastSeq))
	r.WALRecords, r.WALSkipped = recovered.Records, recovered.Skipped
	for _, w := range recovered.Segments {
		_ = r.link(Link{w.Name, -1, w.Size, uint64(w.First), uint64(w.Last), ""}, nil) // no error, none comes back
	}
	if t := recovered.Torn; t.Segment != "" {
		r.WALTail = fmt.Sprintf("%s offset %d: %s, %d sound records after it", t.Segment, t.Offset, t.Why, t.Dropped)
	}
	return r, nil
}

func isStoreFile(name string) bool {
	_, _, ok := parseFileName(name)
	return ok || name == manifest.CurrentName || strings.HasSuffix(name, ".wal")
}

// find notes err if it is damage. Any other, as a device that cannot read or a lack of
// descriptors, is returned: of such a store nothing can be said.
func (r *Report) find(err error) error {
	if !errors.Is(err, kv.ErrCorrupt) && !errors.Is(err, kv.ErrUnsupported) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	r.Findings = append(r.Findings, err)
	return nil
}

// link adds a file to the chain, and its damage to the findings, as find does.
func (r *Report) link(l Link, err error) error {
	if err != nil {
		l.Damage = err.Error()
		err = r.find(err)
	}
	r.Chain = append(r.Chain, l)
	return err
}

func (r *Report) checkTable(filesystem vfs.FS, dir string, lt manifest.LevelTable) error {
	name := path.Join(dir, tableName(lt.Table.ID))
	r.Tables++
	f, err := filesystem.Open(name)
	if err != nil {
		return fmt.Errorf("level %d: %w", lt.Level, missing(err))
	}
	size, err := f.Size()
	if err == nil && size != lt.Table.Size {
		err = fmt.Errorf("%w: %s: %d bytes, manifest says %d", kv.ErrCorrupt, name, size, lt.Table.Size)
	}
	if err != nil {
		return joinClose(err, f)
	}
	// By positioned reads: a device that cannot read is an error of its own then, and
	// not a fault, which cannot be told from damage.
	t, err := sstable.Open(f, name, sstable.ReaderOptions{ID: lt.Table.ID, Mode: sstable.Positioned})
	if err != nil {
		return err
	}
	r.TableBytes += size
	r.Entries += lt.Table.Entries
	return errors.Join(checkTable(name, lt.Table, t.Properties()), t.Verify(), t.Close())
}

// Verify implements [kv.Verifier]: it reads every table of the present version
// whole. Reads and writes go on meanwhile.
func (db *DB) Verify() error {
	s, ok := db.acquire()
	if !ok {
		return kv.ErrClosed
	}
	defer s.release()
	for _, run := range s.runs {
		for _, t := range run {
			if err := t.reader.Verify(); err != nil {
				return err
			}
		}
	}
	return nil
}

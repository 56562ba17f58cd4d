package lsm

import (
	"errors"
	"fmt"
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
	WALTail    string // what a torn tail lost, none of it ever synced; empty if none
	WALSkipped int    // unreadable places that held only LSNs in tables
	// Orphans are files that the next open removes. They are no damage.
	Orphans []string
	// Findings are the damage, each with file and place.
	Findings []error
}

// Verify checks every byte of the store in dir without changing it: each
// checksum, key order, level overlap, the LSN chain, missing files and orphans.
// The error is about the check itself ([kv.ErrInUse], no store in dir); damage
// stands in the report, all of it that can be told.
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
		r.find(fmt.Errorf("manifest: %w", err))
		return r, nil
	}
	r.FlushedSeq = uint64(version.FlushedSeq)
	r.Orphans = orphans(names, version, manifestNum)
	for _, lt := range version.Tables() {
		r.checkTable(filesystem, dir, lt)
	}
	recovered, err := wal.Check(filesystem, dir, version.FlushedSeq)
	if err != nil {
		r.find(err)
		return r, nil
	}
	r.LastSeq = max(r.FlushedSeq, uint64(recovered.LastSeq))
	r.WALRecords, r.WALSkipped = recovered.Records, recovered.Skipped
	if t := recovered.Torn; t.Segment != "" {
		r.WALTail = fmt.Sprintf("%s offset %d: %s, %d sound records after it", t.Segment, t.Offset, t.Why, t.Dropped)
	}
	return r, nil
}

func isStoreFile(name string) bool {
	_, _, ok := parseFileName(name)
	return ok || name == manifest.CurrentName || strings.HasSuffix(name, ".wal")
}

func (r *Report) find(err error) { r.Findings = append(r.Findings, err) }

func (r *Report) checkTable(filesystem vfs.FS, dir string, lt manifest.LevelTable) {
	name := path.Join(dir, tableName(lt.Table.ID))
	r.Tables++
	f, err := filesystem.Open(name)
	if err != nil {
		r.find(fmt.Errorf("%w: L%d: table of the manifest is missing: %w", kv.ErrCorrupt, lt.Level, err))
		return
	}
	size, err := f.Size()
	if err == nil && size != lt.Table.Size {
		err = fmt.Errorf("%w: %s: %d bytes, manifest says %d", kv.ErrCorrupt, name, size, lt.Table.Size)
	}
	if err != nil {
		r.find(joinClose(err, f))
		return
	}
	t, err := sstable.Open(f, name, sstable.ReaderOptions{ID: lt.Table.ID})
	if err != nil {
		r.find(err)
		return
	}
	r.TableBytes += size
	r.Entries += lt.Table.Entries
	err = errors.Join(checkTable(name, lt.Table, t.Properties()), t.Verify(), t.Close())
	if err != nil {
		r.find(err)
	}
}

// Verify implements [kv.Verifier]: it reads every table of the present version
// whole. Reads and writes go on meanwhile.
func (db *DB) Verify() error {
	s, ok := db.acquire()
	if !ok {
		return kv.ErrClosed
	}
	defer s.release()
	for _, level := range s.levels {
		for _, t := range level {
			if err := t.reader.Verify(); err != nil {
				return err
			}
		}
	}
	return nil
}

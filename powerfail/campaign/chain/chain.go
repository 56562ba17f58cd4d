// Package chain reads which LSNs the files of a store hold after a crash, for the page of a
// finding. It is the only part of campaigns that knows the file formats of this module's
// engines.
package chain

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"lsmlab/engines"
	"lsmlab/engines/lsm"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/rundir"
)

// Of returns which LSNs the files of the store hold that the crash of a finding left. It
// returns nil for an engine that is not of this module, and for a crash that left no store.
func Of(f *rundir.Finding) (_ *rundir.Chain, err error) {
	info, known := engines.Lookup(f.Engine)
	if known != nil || info.Module != "" || f.State == nil {
		return nil, nil //nolint:nilerr // a program of the user has no chain
	}
	dir, err := os.MkdirTemp("", "lsmlab-state-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := f.State(dir); err != nil {
		return nil, err
	}
	store := dir
	if f.Tier == disk.Tier || f.Tier == files.Tier { // whose state has a log beside the store
		store = filepath.Join(dir, disk.StoreName)
	}
	r, err := lsm.Verify(vfs.OS, store)
	if err != nil {
		return nil, nil //nolint:nilerr // no store is there, which is no news of a crash in its first open
	}
	c := &rundir.Chain{Flushed: r.FlushedSeq, Last: r.LastSeq, Tail: r.WALTail}
	for _, l := range r.Chain {
		place := "wal"
		if l.Level >= 0 {
			place = "L" + strconv.Itoa(l.Level)
		}
		c.Links = append(c.Links, rundir.Link{File: l.File, Place: place, Bytes: l.Bytes, First: l.First, Last: l.Last, Damage: l.Damage})
	}
	for _, damage := range r.Findings {
		c.Damage = append(c.Damage, damage.Error())
	}
	return c, nil
}

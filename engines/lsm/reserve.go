package lsm

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"sync"
	"syscall"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// reserveName is a file without content that keeps room on the disk for what a store
// needs to get smaller: a flush, the log of deletes, and the tables that a compaction
// makes before it removes others. The store removes it when the disk is full, and makes
// it again when there is twice its size and nothing more to be gained, or four times.
//
// Where the file system cannot reserve blocks (see vfs.File.Allocate) it keeps nothing.
const reserveName = "RESERVE"

// reserveShare is which part of a file system the reserve takes at most.
const reserveShare = 8

// tableBytes returns how many bytes the tables have, at most, that a flush makes of so
// many in a MemTable: what does not fill a block is lost.
func tableBytes(mem int64) int64 { return mem + mem/4 }

// roomToFlush says whether there is room for the tables of all MemTables, and for a log
// segment beside. It is asked before another one is begun, so that the reserve is still
// whole when the disk is full. It is called under the commit lock.
func (db *DB) roomToFlush() error {
	need := cmp.Or(db.opts.WALSegmentSize, 16<<20)
	for _, m := range db.state.Load().mems {
		need += tableBytes(m.table.Size())
	}
	if s, ok := vfs.SpaceOf(db.opts.FS, db.dir); ok && s.Free < need {
		return noRoom(db.dir, s.Free, need)
	}
	return nil
}

// roomAtRest says whether there is room enough beside what background work may take for
// a while, or no such work.
func (db *DB) roomAtRest() error {
	db.mu.Lock()
	resting := db.resting() && len(db.state.Load().mems) == 1
	db.mu.Unlock()
	need := lowWater * db.reserveSize()
	if s, ok := vfs.SpaceOf(db.opts.FS, db.dir); ok && s.Free < need && !resting {
		return noRoom(db.dir, s.Free, need)
	}
	return nil
}

func noRoom(dir string, free, need int64) error {
	return fmt.Errorf("%w: %s: %d bytes free, sets go on from %d on: %w", kv.ErrExhausted, dir, free, need, syscall.ENOSPC)
}

// lowWater is at how many times the reserve free the disk should be looked after.
const lowWater = 4

type reserve struct {
	mu   sync.Mutex
	held bool
}

// reserveSize returns how many bytes the reserve has; 0 is no reserve.
func (db *DB) reserveSize() int64 {
	if !db.opts.Reserve {
		return 0
	}
	return db.likelyReserve()
}

// likelyReserve returns how many bytes a reserve has if the store holds one.
func (db *DB) likelyReserve() int64 {
	size := tableBytes(db.opts.MemTableSize) + 2*cmp.Or(db.opts.WALSegmentSize, 16<<20)
	if s, ok := vfs.SpaceOf(db.opts.FS, db.dir); ok {
		size = min(size, s.Total/reserveShare)
	}
	return size
}

// diskRoom returns how many bytes are free, and below how many the disk should be looked
// after, with a reserve or without; zeros if that is not known.
func (db *DB) diskRoom() (free, low int64) {
	s, ok := vfs.SpaceOf(db.opts.FS, db.dir)
	if !ok {
		return 0, 0
	}
	return s.Free, lowWater * db.likelyReserve()
}

// findReserve looks for the reserve that the store had before, and makes it if it is not
// there. One of another size goes first: its room may be what the right one needs.
func (db *DB) findReserve() {
	name := path.Join(db.dir, reserveName)
	now, err := db.opts.FS.Stat(name)
	want := db.reserveSize()
	if db.reserve.held = err == nil && now > 0 && now == want; err == nil && !db.reserve.held {
		_ = db.opts.FS.Remove(name) // if it stays it does no harm but takes room
	}
	db.keepReserve()
}

// keepReserve makes the reserve of a store that has tables if it can be had: what is
// smaller than a MemTable needs none.
func (db *DB) keepReserve() {
	if !db.shortage.full.Load() {
		_ = db.makeReserve() // without it the store works as well, until the disk is full
	}
}

// makeReserve makes the reserve unless it is there, or none is wanted. Its error is
// kv.ErrExhausted if there is no room for it.
func (db *DB) makeReserve() error {
	db.reserve.mu.Lock()
	defer db.reserve.mu.Unlock()
	size := db.reserveSize()
	if db.reserve.held || size == 0 || len(db.state.Load().runs) == 0 {
		return nil
	}
	if s, ok := vfs.SpaceOf(db.opts.FS, db.dir); ok && s.Free < 2*size {
		return noRoom(db.dir, s.Free, 2*size)
	}
	name := path.Join(db.dir, reserveName)
	f, err := db.opts.FS.Create(name)
	if err != nil {
		return vfs.MarkExhausted(err)
	}
	if err := errors.Join(f.Allocate(size), f.Close()); err != nil {
		return vfs.MarkExhausted(errors.Join(err, db.opts.FS.Remove(name)))
	}
	db.reserve.held = true
	return nil
}

// giveUpReserve removes the reserve and says whether there was one.
func (db *DB) giveUpReserve() bool {
	db.reserve.mu.Lock()
	defer db.reserve.mu.Unlock()
	if !db.reserve.held {
		return false
	}
	db.reserve.held = false
	return db.opts.FS.Remove(path.Join(db.dir, reserveName)) == nil
}

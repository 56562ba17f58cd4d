package vfs

import (
	"maps"
	"path"
	"slices"
)

// memDir is a directory of a [Mem]: its entries now, and what of them is
// durable. Mem.mu guards it.
//
// Invariant: durable with the pending operations applied in order gives entries.
type memDir struct {
	id      uint64
	name    string // path, as it was made
	entries map[string]memEntry
	durable map[string]memEntry // nil while pending is empty: then entries is durable
	pending []*entryOp

	cut    uint64 // in the crash state being built: operations before it are kept
	cutGen uint64

	twin    *memDir // its equal in the process crash being built
	twinGen uint64
}

// memEntry is what a name stands for; the zero value means nothing.
type memEntry struct {
	file *memFile
	dir  *memDir
	link *symlink
}

// symlink is a symbolic link. It never changes, so clones share it.
type symlink struct{ target string }

func (e memEntry) exists() bool { return e.file != nil || e.dir != nil || e.link != nil }

// entryOp is one unsynced change of entries. A crash keeps all of it or nothing.
type entryOp struct {
	seq     uint64 // in order of all entry operations
	kind    OpKind
	made    uint64 // number of the operation
	changes []entryChange

	keep    bool // the decision, in the crash state being built
	keepGen uint64
	twin    *entryOp // its equal in the process crash being built
	twinGen uint64
}

// site is where a crash chooses whether op is found.
func (op *entryOp) site() CrashSite {
	c := op.changes[0]
	return CrashSite{Kind: SiteEntry, Op: op.kind, File: path.Join(c.dir.name, c.name), Made: op.made}
}

// entryChange says that name in dir stands for to.
type entryChange struct {
	dir  *memDir
	name string
	to   memEntry
}

// change applies an operation and notes it as pending. The caller holds m.mu.
func (m *Mem) change(kind OpKind, made uint64, changes ...entryChange) {
	m.seq++
	op := &entryOp{seq: m.seq, kind: kind, made: made, changes: changes}
	for _, c := range changes {
		d := c.dir
		if d.durable == nil {
			d.durable = maps.Clone(d.entries)
		}
		if n := len(d.pending); n == 0 || d.pending[n-1] != op {
			d.pending = append(d.pending, op)
		}
		setEntry(d.entries, c.name, c.to)
	}
}

func setEntry(entries map[string]memEntry, name string, to memEntry) {
	if to.exists() {
		entries[name] = to
	} else {
		delete(entries, name)
	}
}

// syncThrough makes the operations of d up to seq durable. An operation that
// also changes another directory takes that one's earlier operations along, as a
// journal would.
func (d *memDir) syncThrough(seq uint64) {
	for len(d.pending) > 0 && d.pending[0].seq <= seq {
		op := d.pending[0]
		d.pending = d.pending[1:]
		for _, c := range op.changes {
			if c.dir != d {
				c.dir.syncThrough(op.seq - 1)
				c.dir.drop(op)
			}
			setEntry(c.dir.durable, c.name, c.to)
		}
		for _, c := range op.changes {
			c.dir.settle()
		}
	}
}

func (d *memDir) drop(op *entryOp) {
	if i := slices.Index(d.pending, op); i >= 0 {
		d.pending = slices.Delete(d.pending, i, i+1)
	}
}

func (d *memDir) settle() {
	if len(d.pending) == 0 {
		d.durable, d.pending = nil, nil
	}
}

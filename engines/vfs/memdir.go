package vfs

import (
	"maps"
	"path"
	"slices"
)

// memDir is a directory of a [Mem]: its entries now, and which of them are durable.
// Mem.mu guards it.
//
// Invariant: durable, with the pending operations applied to it in order, equals
// entries.
type memDir struct {
	id      uint64
	name    string // path with which it was created
	entries map[string]memEntry
	durable map[string]memEntry // nil while pending is empty: then entries are durable
	pending []*entryOp

	cut    uint64 // in the crash state that is being built, operations before this number survived
	cutGen uint64

	twin    *memDir // its copy in the process crash that is being built
	twinGen uint64
}

// memEntry is what a name stands for. At most one field is set; the zero value is no
// entry.
type memEntry struct {
	file *memFile
	dir  *memDir
	link *symlink
}

// symlink is a symbolic link. It never changes, so clones share it.
type symlink struct{ target string }

func (e memEntry) exists() bool { return e.file != nil || e.dir != nil || e.link != nil }

// entryOp is one unsynced change of entries. It survives a crash whole or not at all.
type entryOp struct {
	seq     uint64 // position among all entry operations of the file system
	kind    OpKind
	made    uint64 // number of the operation
	changes []entryChange

	keep    bool // whether it survives, in the crash state that is being built
	keepGen uint64
	twin    *entryOp // its copy in the process crash that is being built
	twinGen uint64
}

// site is the decision whether op survives.
func (op *entryOp) site() CrashSite {
	c := op.changes[0]
	return CrashSite{Kind: SiteEntry, Op: op.kind, File: path.Join(c.dir.name, c.name), Made: op.made}
}

// entryChange says that name in dir stands for to from now on.
type entryChange struct {
	dir  *memDir
	name string
	to   memEntry
}

// change applies an operation and records it as pending in every directory that it
// changes. The caller holds m.mu.
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

// setEntry gives name the entry to, or removes name if to is no entry.
func setEntry(entries map[string]memEntry, name string, to memEntry) {
	if to.exists() {
		entries[name] = to
	} else {
		delete(entries, name)
	}
}

// syncThrough makes the operations of d up to number seq durable. If an operation also
// changed another directory, the earlier operations of that directory become durable
// too, as in a journal.
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
			c.dir.dropDurable()
		}
	}
}

// drop removes op from the pending operations.
func (d *memDir) drop(op *entryOp) {
	if i := slices.Index(d.pending, op); i >= 0 {
		d.pending = slices.Delete(d.pending, i, i+1)
	}
}

// dropDurable drops the second set of entries once nothing is pending.
func (d *memDir) dropDurable() {
	if len(d.pending) == 0 {
		d.durable, d.pending = nil, nil
	}
}

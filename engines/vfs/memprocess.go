package vfs

import "slices"

// This file builds the state that a process crash leaves. It is a copy of everything,
// with what is durable and what is not. Operations and directories refer to each other,
// so an object may be met twice. Its twin field, which is set before its parts are
// copied, leads to the copy that exists already.

// sameDir returns the twin of d: a copy with the same entries, durable entries and
// pending operations.
func (c *crasher) sameDir(d *memDir) *memDir {
	if d.twinGen == c.gen {
		return d.twin
	}
	t := &memDir{id: d.id, name: d.name}
	d.twin, d.twinGen = t, c.gen
	t.entries, t.durable = c.sameEntries(d.entries), c.sameEntries(d.durable)
	for _, op := range d.pending {
		t.pending = append(t.pending, c.sameOp(op))
	}
	return t
}

func (c *crasher) sameEntries(entries map[string]memEntry) map[string]memEntry {
	if entries == nil {
		return nil
	}
	same := make(map[string]memEntry, len(entries))
	for name, e := range entries {
		same[name] = c.sameEntry(e)
	}
	return same
}

func (c *crasher) sameEntry(e memEntry) memEntry {
	switch {
	case e.file != nil:
		e.file = c.file(e.file)
	case e.dir != nil:
		e.dir = c.sameDir(e.dir)
	}
	return e
}

// sameOp returns the twin of op. An operation that is pending in two directories has
// one twin.
func (c *crasher) sameOp(op *entryOp) *entryOp {
	if op.twinGen == c.gen {
		return op.twin
	}
	t := &entryOp{seq: op.seq, kind: op.kind, made: op.made}
	op.twin, op.twinGen = t, c.gen
	for _, ch := range op.changes {
		t.changes = append(t.changes, entryChange{c.sameDir(ch.dir), ch.name, c.sameEntry(ch.to)})
	}
	return t
}

// sameContent copies the content of a file that is not clean, with its pending changes.
func (c *crasher) sameContent(f *memFile) {
	t := f.twin
	t.size, t.syncedSize, t.metaDone = f.size, f.syncedSize, f.metaDone
	t.pages = slices.Clone(f.pages)
	t.pending = slices.Clip(f.pending)
	t.dirty = make(map[int]*dirtyPage, len(f.dirty))
	for i, d := range f.dirty {
		t.dirty[i] = &dirtyPage{old: d.old, ops: slices.Clip(d.ops), clean: d.clean}
		if i < len(t.pages) && t.pages[i] != nil {
			t.pages[i] = clonePage(t.pages[i])
		}
	}
}

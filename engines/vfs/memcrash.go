package vfs

import (
	"hash/maphash"
	"maps"
	"slices"
)

// CrashOptions choose which state a crash leaves; see [Mem.CrashClone]. With the zero
// value, everything is lost that was not synced.
type CrashOptions struct {
	// Choose decides at each site which of n >= 2 states survived. State 0 is that of
	// the last sync, state n-1 is the newest, and those between were gone through in
	// that order. A nil Choose always chooses 0. The order of the sites depends on the
	// history alone. Choose is called with the file system locked, so it must not use
	// the file system. See [Chance].
	Choose func(site CrashSite, n int) int
	// BlockSize is the unit, in bytes, that a crash keeps or loses as a whole. With
	// 512, pages may be torn; with 4096 (and 0), they are not. No other value is
	// allowed.
	BlockSize int
	// Strict allows all that POSIX allows: any subset of the entry operations of a
	// directory may survive, blocks may be missing below the size that a file grew to,
	// and no entry is durable without SyncDir.
	//
	// Without Strict, the state is one that a journalling file system with ordered data
	// (ext4, xfs) may leave. Entry operations of a directory are lost from some point
	// on. A Sync of any file (or a SyncData after its size changed) makes all earlier
	// entry operations durable. A file's size covers only data that reached the disk.
	Strict bool
	// Garbage asks Choose what a block holds that a file grew by and whose data was
	// lost. Without Garbage, such a block holds zeros. It has an effect only with
	// Strict.
	Garbage bool
	// ProcessCrash keeps everything: only the process died, and a power failure may
	// follow. What was not durable still is not. Other fields have no effect then.
	ProcessCrash bool
}

// CrashClone returns a new file system that holds one of the states that a power
// failure now could leave. All of that state is durable. m is not changed, and both may
// be used concurrently: they share content until one of them writes it. Locks and
// mappings are not cloned.
//
// To crash in the middle of an operation, clone before the next operation: whatever an
// operation wrote may still be lost until it is synced.
func (m *Mem) CrashClone(o CrashOptions) *Mem {
	if o.BlockSize == 0 {
		o.BlockSize = pageSize
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gen++
	c := &crasher{o: o, gen: m.gen, logged: m.logged, freed: m.freed}
	if o.Strict {
		c.logged = 0
	}
	clone := &Mem{lastID: m.lastID, freed: slices.Clone(m.freed)}
	if o.ProcessCrash {
		clone.seq, clone.logged = m.seq, m.logged
		clone.root = c.sameDir(m.root)
	} else {
		clone.root = c.dir(m.root)
	}
	slices.SortFunc(c.dirty, func(a, b *memFile) int { return int(int64(a.id) - int64(b.id)) })
	for _, f := range c.dirty {
		c.content(f)
	}
	return clone
}

// crasher builds one crash state. It decides in the order of ids, so that the same
// choices give the same state again.
type crasher struct {
	// "Twin" below is the copy of an object in the crash state. The fields twin, keep
	// and cut of files, directories and operations belong to the crasher whose gen
	// their twinGen, keepGen and cutGen equal; older values mean nothing.
	o      CrashOptions
	gen    uint64
	logged uint64
	dirty  []*memFile // files reached so far that are not clean; their twins get their content last
	freed  []*page    // as Mem.freed
}

// choose returns how many of n successive changes survived at a site.
func (c *crasher) choose(site CrashSite, n int) int {
	if n == 0 || c.o.Choose == nil {
		return 0
	}
	return c.o.Choose(site, n+1)
}

// dir returns the twin of d: the durable entries, changed by those pending operations
// that survived, with twins in the place of files and directories.
func (c *crasher) dir(d *memDir) *memDir {
	found := d.entries
	if len(d.pending) > 0 {
		found = maps.Clone(d.durable)
		for _, op := range d.pending {
			if !c.kept(op) {
				continue
			}
			for _, ch := range op.changes {
				if ch.dir == d {
					setEntry(found, ch.name, ch.to)
				}
			}
		}
	}
	twin := &memDir{id: d.id, name: d.name, entries: make(map[string]memEntry, len(found))}
	var dirs []string
	for name, e := range found {
		if e.dir != nil {
			dirs = append(dirs, name)
			continue
		}
		if e.file != nil {
			e.file = c.file(e.file)
		}
		twin.entries[name] = e
	}
	slices.Sort(dirs)
	for _, name := range dirs {
		twin.entries[name] = memEntry{dir: c.dir(found[name].dir)}
	}
	return twin
}

// kept says whether an entry operation survived. It decides once for each operation,
// because a rename is pending in two directories.
func (c *crasher) kept(op *entryOp) bool {
	if op.keepGen != c.gen {
		op.keepGen, op.keep = c.gen, c.decide(op)
	}
	return op.keep
}

// decide makes the decision of kept.
func (c *crasher) decide(op *entryOp) bool {
	if op.seq <= c.logged {
		return true
	}
	if c.o.Strict {
		return c.choose(op.site(), 1) > 0
	}
	for _, ch := range op.changes {
		if op.seq >= c.cutOf(ch.dir) {
			return false
		}
	}
	return true
}

// cutOf returns the number of the first entry operation of d that is lost. It decides
// once for each directory.
func (c *crasher) cutOf(d *memDir) uint64 {
	if d.cutGen != c.gen {
		open := slices.IndexFunc(d.pending, func(op *entryOp) bool { return op.seq > c.logged })
		d.cutGen, d.cut = c.gen, c.logged+1
		if open >= 0 {
			site := CrashSite{Kind: SiteEntries, File: d.name, Made: d.pending[len(d.pending)-1].made}
			if k := c.choose(site, len(d.pending)-open); k > 0 {
				d.cut = d.pending[open+k-1].seq + 1
			}
		}
	}
	return d.cut
}

// file returns the twin of f. If f is not clean, the twin gets its content later.
func (c *crasher) file(f *memFile) *memFile {
	if f.twinGen == c.gen {
		return f.twin
	}
	f.fold()
	f.twin, f.twinGen = &memFile{id: f.id, name: f.name}, c.gen
	if f.isDirty() {
		c.dirty = append(c.dirty, f)
		return f.twin
	}
	f.shared = true
	t := f.twin
	t.pages, t.shared, t.flat = f.pages, true, f.flat
	t.size, t.syncedSize = f.size, f.size
	t.sum, t.sumOK = f.sum, f.sumOK
	return t
}

// Fingerprint returns a hash of all names and contents as they are now. Two crash
// states with equal fingerprints are equal. It is comparable within one process only.
func (m *Mem) Fingerprint() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.root.sum()
}

// sum returns the hash of a directory and of all below it.
func (d *memDir) sum() uint64 {
	var total uint64 // addition makes the order of entries irrelevant
	for name, e := range d.entries {
		var h maphash.Hash
		h.SetSeed(sumSeed)
		h.WriteString(name)
		switch {
		case e.dir != nil:
			maphash.WriteComparable(&h, e.dir.sum()+1)
		case e.file != nil:
			maphash.WriteComparable(&h, e.file.contentSum())
		default:
			h.WriteString(" -> " + e.link.target)
		}
		total += h.Sum64()
	}
	return total
}

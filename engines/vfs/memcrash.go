package vfs

import (
	"hash/maphash"
	"maps"
	"slices"
)

// CrashOptions choose which state a crash leaves; see [Mem.CrashClone]. The zero
// value loses everything that was not synced.
type CrashOptions struct {
	// Choose decides at each site which of n >= 2 states is found: 0 is as it was
	// at the last sync, n-1 the newest, between them the states gone through.
	// Nil chooses 0 always. Sites come in an order that depends on the history
	// alone. It is called with the file system locked, so it may not use it. See
	// [Chance].
	Choose func(site CrashSite, n int) int
	// BlockSize is the unit, in bytes, that a crash keeps or loses as a whole:
	// 512 tears pages, 4096 (and 0) does not; no other value is allowed.
	BlockSize int
	// Strict allows all that POSIX does: any subset of the entry operations of
	// a directory, blocks missing below the size that a file grew to, and no
	// durable entry without SyncDir. Without it the state is one that a
	// journalling file system with ordered data (ext4, xfs) may leave: entry
	// operations of a directory are lost from some point on, a Sync of any file
	// (or a SyncData after its size changed) makes all earlier ones durable, and
	// a file's size covers only data that arrived.
	Strict bool
	// Garbage asks Choose what blocks hold that a file grew by and whose data was
	// lost; without it, zeros. Only with Strict.
	Garbage bool
	// ProcessCrash keeps everything, and what was not durable stays so: only
	// the process died, and a power failure may follow. Other fields are unused.
	ProcessCrash bool
}

// CrashClone returns a new file system that holds one of the states that a power
// failure now could leave. All of it is durable. m goes on unharmed, and both
// may be used at once; content is shared until written to. Locks and mappings do
// not live on in the clone.
//
// For the states in the middle of an operation, clone before the next one: what
// an operation wrote stays at stake until it is synced.
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

// crasher builds one crash state. It asks for choices in the order of ids, so
// that the same choices give the same state again.
type crasher struct {
	o      CrashOptions
	gen    uint64
	logged uint64
	dirty  []*memFile // reached and not clean; their twins are to be filled
	freed  []*page    // see Mem.freed
}

// choose returns how many of n successive changes are found at a site.
func (c *crasher) choose(site CrashSite, n int) int {
	if n == 0 || c.o.Choose == nil {
		return 0
	}
	return c.o.Choose(site, n+1)
}

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

// kept decides once whether an entry operation is found.
func (c *crasher) kept(op *entryOp) bool {
	if op.keepGen != c.gen {
		op.keepGen, op.keep = c.gen, c.decide(op)
	}
	return op.keep
}

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

// cutOf decides once from which operation on a directory's changes are lost.
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

// file returns the twin of f, filled later if f is not clean.
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

// Fingerprint returns a hash of all names and contents as they are now, for
// telling whether two crash states are equal. It is good within one process.
func (m *Mem) Fingerprint() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.root.sum()
}

func (d *memDir) sum() uint64 {
	var total uint64 // a sum, so that order does not matter
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

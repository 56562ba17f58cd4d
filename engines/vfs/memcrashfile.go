package vfs

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
)

// content fills the twin of a file that has unsynced changes.
//
// A crash state of a file consists of one cut and of one version for each block. The
// cut is the number of pending changes whose effect on the size survived. Each block
// survived, independently of other blocks, in one of the versions that it went through.
// Two limits hold: a truncation before the cut has happened to the block, and a
// truncation after the cut has not.
func (c *crasher) content(f *memFile) {
	t := f.twin
	if c.o.ProcessCrash {
		c.sameContent(f)
		return
	}
	meta, size := c.sizeOf(f)
	t.size, t.syncedSize = size, size
	t.pages = make([]*page, pageCount(size))
	copy(t.pages, f.pages)
	for _, i := range slices.Sorted(maps.Keys(f.dirty)) {
		if i < len(t.pages) {
			t.pages[i] = c.page(f, i, meta, size)
		}
	}
}

// sizeOf decides which changes of size survived. It returns their cut, as an index into
// pending, and the size.
func (c *crasher) sizeOf(f *memFile) (meta int, size int64) {
	var steps []int // indices of pending changes that changed the size
	now := f.syncedSize
	for i := f.metaDone; i < len(f.pending); i++ {
		if p := &f.pending[i]; p.size != now || p.cut {
			steps, now = append(steps, i), p.size
		}
	}
	site := CrashSite{Kind: SiteSize, File: f.name}
	if n := len(steps); n > 0 {
		site.Made = f.pending[steps[n-1]].made
	}
	k := c.choose(site, len(steps))
	if k == 0 {
		return f.metaDone, f.syncedSize
	}
	return steps[k-1] + 1, f.pending[steps[k-1]].size
}

// page returns page i as it survived.
func (c *crasher) page(f *memFile, i, meta int, size int64) *page {
	d, base := f.dirty[i], int64(i)*pageSize
	found := clonePage(d.old)
	for at := 0; at < pageSize; at += c.o.BlockSize {
		block := found[at : at+c.o.BlockSize]
		c.block(f, d, block, base+int64(at), meta, size)
	}
	if end := size - base; end < pageSize {
		clear(found[end:])
	}
	return found
}

// block changes a block, given as of the last sync, into the version of it that
// survived.
func (c *crasher) block(f *memFile, d *dirtyPage, block []byte, base int64, meta int, size int64) {
	end := base + int64(len(block))
	var touched []*change
	lo, hi := 0, -1 // bounds of the versions that may survive; hi < 0 stands for the newest
	for _, op := range d.ops {
		p := &f.pending[op]
		if !p.meets(base, end) {
			continue
		}
		if p.cut && int(op) >= meta && hi < 0 {
			hi = len(touched)
		}
		touched = append(touched, p)
		arrived := !c.o.Strict && end > f.syncedSize && !p.cut // ordered data: what lies below a surviving size reached the disk
		if int(op) < meta && (p.cut || arrived) {
			lo = len(touched)
		}
	}
	if hi < 0 {
		hi = len(touched)
	}
	site := CrashSite{Kind: SiteBlock, File: f.name, Offset: base, Length: int64(len(block))}
	if hi > 0 {
		site.Made = touched[hi-1].made
	}
	k := lo + c.choose(site, hi-lo)
	for _, p := range touched[:k] {
		p.apply(block, base)
	}
	if k == lo && lo < hi && c.o.Garbage && c.o.Strict && base >= f.syncedSize && end <= size {
		site.Kind = SiteGarbage
		c.garbage(f, site, block)
	}
}

// garbage fills a block that was allocated and whose data never reached the disk.
func (c *crasher) garbage(f *memFile, site CrashSite, block []byte) {
	switch k := c.choose(site, len(c.freed)+1); {
	case k < len(c.freed):
		copy(block, c.freed[k][site.Offset%pageSize:])
	case k == len(c.freed):
		noise := rand.NewPCG(f.id, uint64(site.Offset))
		for at := 0; at < len(block); at += 8 {
			binary.LittleEndian.PutUint64(block[at:], noise.Uint64())
		}
	}
}

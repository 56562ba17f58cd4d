package vfs

import (
	"bytes"
	"hash/maphash"
	"slices"
)

const pageSize = 4096 // bytes; the unit of copy-on-write, and of a page cache

// page holds pageSize bytes of a file.
type page [pageSize]byte

var zeroPage page

// memFile is the content of one file of a [Mem]. It holds the content as it is now, and
// enough to rebuild the content as of the last sync and as of each write since. Mem.mu
// guards it.
//
// Invariants:
//
//  1. len(pages) == ceil(size/pageSize); a nil page reads as zeros; bytes of the
//     last page beyond size are zero.
//  2. A page that is not in dirty never changes again, so clones share it.
//     A non-nil page that is in dirty belongs to this file alone.
//  3. Page i as of the last sync is dirty[i].old, or pages[i] if i is not in dirty.
//  4. dirty[i].ops are the indices, rising, of the pending changes that touch page i.
//  5. len(mapped) == 0, or mapped holds the newest content of the file's first
//     len(mapped) bytes, and pages hold it as of the last fold.
type memFile struct {
	id     uint64 // in order of creation; makes the order of choices repeatable
	name   string // path, as it was made or last renamed
	pages  []*page
	shared bool // a clone uses the same array pages: copy the array before storing to it
	size   int64
	flat   []byte // cache of the content in one piece, or nil

	syncedSize int64
	pending    []change // since the last sync, in order
	metaDone   int      // the size effect of pending[:metaDone] is durable
	dirty      map[int]*dirtyPage

	mapped     []byte // the memory of writable mappings, or nil
	mappedRefs int
	locked     bool

	sum   uint64 // cache of the hash of a clean content
	sumOK bool

	twin    *memFile // the copy of this file in the crash state that is being built
	twinGen uint64
}

// change is one unsynced change of a file. It is a write of data at off, or a cut of
// all bytes from off on, or neither of them: then the file grew by zeros.
type change struct {
	off  int64
	data []byte
	cut  bool
	size int64  // of the file, after the change
	made uint64 // number of the operation, 0 for stores to a mapping
}

// meets says whether the change alters bytes of the file within [lo, hi).
func (c *change) meets(lo, hi int64) bool {
	if c.cut {
		return c.off < hi
	}
	return c.off < hi && lo < c.off+int64(len(c.data))
}

// apply makes the change to b, which is the file's content from offset base on.
func (c *change) apply(b []byte, base int64) {
	if c.cut {
		clear(b[min(max(c.off-base, 0), int64(len(b))):])
		return
	}
	from := c.off - base // where data begins in b
	switch {
	case from >= int64(len(b)) || from+int64(len(c.data)) <= 0:
	case from >= 0:
		copy(b[from:], c.data)
	default:
		copy(b, c.data[-from:])
	}
}

// dirtyPage is a page that changed since the last sync: see invariants 3 and 4 of
// memFile.
type dirtyPage struct {
	old   *page
	ops   []int32
	clean bool // a failed sync marked the page clean, so the next sync leaves it out
}

// pageCount returns how many pages hold size bytes.
func pageCount(size int64) int { return int((size + pageSize - 1) / pageSize) }

func (f *memFile) isDirty() bool { return len(f.pending) > 0 }

// record adds a pending change and returns its index.
func (f *memFile) record(c change) int32 {
	f.pending = append(f.pending, c)
	f.flat, f.sumOK = nil, false
	return int32(len(f.pending) - 1)
}

// write puts data at off and grows the file if needed. It keeps a copy of data.
func (f *memFile) write(made uint64, data []byte, off int64) {
	if len(data) == 0 {
		return
	}
	end := off + int64(len(data))
	f.resize(max(f.size, end))
	op := f.record(change{off: off, data: bytes.Clone(data), size: f.size, made: made})
	for at := off; at < end; {
		i := int(at / pageSize)
		n := min(end, int64(i+1)*pageSize) - at
		copy(f.touch(i, op)[at%pageSize:], data[at-off:][:n])
		at += n
	}
	if off < int64(len(f.mapped)) {
		copyNoRace(f.mapped[off:], data)
	}
}

// holds says whether the content equals b, which is one page long at most.
func (f *memFile) holds(b []byte) bool {
	var now page
	return f.size == int64(len(b)) && bytes.Equal(now[:f.readAt(now[:len(b)], 0)], b)
}

// truncate sets the size. A file that grows gets zeros.
func (f *memFile) truncate(made uint64, size int64) {
	switch {
	case size > f.size:
		f.resize(size)
		f.record(change{size: size, made: made})
	case size < f.size:
		op := f.record(change{off: size, cut: true, size: size, made: made})
		for i := int(size / pageSize); i < len(f.pages); i++ {
			if f.pages[i] == nil && f.dirty[i] == nil {
				continue // zeros before and after
			}
			p := f.touch(i, op)
			clear(p[max(size-int64(i)*pageSize, 0):])
		}
		f.resize(size)
		if size < int64(len(f.mapped)) {
			clearNoRace(f.mapped[size:])
		}
	}
}

// resize sets size and the length of pages (invariant 1). It clears no bytes.
func (f *memFile) resize(size int64) {
	f.size = size
	n := pageCount(size)
	switch {
	case n > len(f.pages):
		f.own()
		f.pages = append(f.pages, make([]*page, n-len(f.pages))...)
	case n < len(f.pages):
		f.own()
		clear(f.pages[n:])
		f.pages = f.pages[:n]
	}
}

// own makes sure that no clone uses the array of pages.
func (f *memFile) own() {
	if f.shared {
		f.pages, f.shared = slices.Clone(f.pages), false
	}
}

// touch records that pending change op alters page i. It returns the page, which this
// file alone uses from now on.
func (f *memFile) touch(i int, op int32) *page {
	d := f.dirty[i]
	if d == nil {
		if f.dirty == nil {
			f.dirty = make(map[int]*dirtyPage)
		}
		d = &dirtyPage{old: f.pages[i]}
		f.dirty[i] = d
		f.own()
		f.pages[i] = clonePage(d.old)
	} else if f.pages[i] == nil {
		f.own()
		f.pages[i] = new(page)
	}
	d.ops, d.clean = append(d.ops, op), false
	return f.pages[i]
}

// clonePage returns a copy of p; nil stands for zeros.
func clonePage(p *page) *page {
	c := new(page)
	if p != nil {
		*c = *p
	}
	return c
}

// sync makes all of the file durable, except pages that a failed sync marked clean. It
// says whether the size changed since the last sync.
func (f *memFile) sync() (grew bool) {
	f.fold()
	grew = f.size != f.syncedSize
	for i, d := range f.dirty {
		if !d.clean {
			delete(f.dirty, i)
		}
	}
	f.noteSynced()
	return grew
}

// noteSynced records that the size is durable, and all content of pages not in dirty.
func (f *memFile) noteSynced() {
	f.syncedSize, f.metaDone = f.size, len(f.pending)
	if len(f.dirty) == 0 {
		f.pending, f.metaDone, f.dirty = nil, 0, nil
	}
}

// failSync is a sync that fails as on Linux: the pages may still be lost, and no later
// sync covers them unless they are written again.
func (f *memFile) failSync() {
	f.fold()
	for _, d := range f.dirty {
		d.clean = true
	}
}

// syncRange makes the pages that hold the n bytes at off durable, and the size.
func (f *memFile) syncRange(off, n int64) (grew bool) {
	grew = f.size != f.syncedSize
	for i := off / pageSize; i*pageSize < off+n; i++ {
		delete(f.dirty, int(i))
	}
	f.noteSynced()
	return grew
}

// readAt copies bytes from offset off on to p and returns how many it copied.
func (f *memFile) readAt(p []byte, off int64) int {
	n := 0
	for n < len(p) && off < f.size {
		have := min(pageSize-off%pageSize, f.size-off, int64(len(p)-n))
		src := f.pages[off/pageSize]
		if src == nil {
			src = &zeroPage
		}
		copy(p[n:], src[off%pageSize:][:have])
		n += int(have)
		off += have
	}
	return n
}

// view returns the content in one piece. The caller must not store to it. The view of a
// clean file is kept, and the file's pages become parts of it, so that the content is
// held only once.
func (f *memFile) view() []byte {
	if f.flat != nil {
		return f.flat[:f.size:f.size]
	}
	flat := make([]byte, len(f.pages)*pageSize)
	for i, p := range f.pages {
		if p != nil {
			copy(flat[i*pageSize:], p[:])
		}
	}
	if !f.isDirty() && f.size > 0 {
		f.own()
		for i := range f.pages {
			f.pages[i] = (*page)(flat[i*pageSize:])
		}
		f.flat = flat
	}
	return flat[:f.size:f.size]
}

var sumSeed = maphash.MakeSeed()

// contentSum returns a hash of size and content. It is comparable within this process
// only.
func (f *memFile) contentSum() uint64 {
	f.fold()
	if f.sumOK {
		return f.sum
	}
	var h maphash.Hash
	h.SetSeed(sumSeed)
	maphash.WriteComparable(&h, f.size)
	for i, p := range f.pages {
		if p != nil && *p != zeroPage { // a file that reserved gigabytes has few pages that are not zeros
			maphash.WriteComparable(&h, i)
			h.Write(p[:])
		}
	}
	f.sum, f.sumOK = h.Sum64(), !f.isDirty()
	return f.sum
}

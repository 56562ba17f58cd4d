package vfs

import (
	"encoding/binary"
	"io/fs"
	"syscall"
)

// mapWritable returns the memory that all writable mappings of the file share. The
// caller must call unmapWritable once.
func (f *memFile) mapWritable() ([]byte, error) {
	if f.mappedRefs > 0 {
		f.fold()
		if int64(len(f.mapped)) != f.size {
			return nil, syscall.EBUSY
		}
	} else {
		f.mapped = make([]byte, f.size)
		f.readAt(f.mapped, 0)
	}
	f.mappedRefs++
	return f.mapped, nil
}

func (f *memFile) unmapWritable() {
	f.fold()
	if f.mappedRefs--; f.mappedRefs == 0 {
		f.mapped = nil
	}
}

// fold turns stores to the mapped memory into pending writes. Nobody sees such stores
// as they happen, so fold runs before everything that needs the content. A crash
// therefore knows the result of all stores to a page between two folds, but no state in
// between.
func (f *memFile) fold() {
	limit := min(int64(len(f.mapped)), f.size)
	var now page
	for off := int64(0); off < limit; off += pageSize {
		n := min(pageSize, limit-off)
		copyNoRace(now[:n], f.mapped[off:off+n])
		was := f.pages[off/pageSize]
		if was == nil {
			was = &zeroPage
		}
		if n == pageSize && now == *was {
			continue
		}
		lo, hi := int64(0), n
		for lo < n && now[lo] == was[lo] {
			lo++
		}
		for hi > lo && now[hi-1] == was[hi-1] {
			hi--
		}
		if lo < hi {
			f.foldStore(now[lo:hi], off+lo)
		}
	}
}

// foldStore is write without the copy back to the mapped memory, which may already hold
// newer bytes.
func (f *memFile) foldStore(data []byte, off int64) {
	op := f.record(change{off: off, data: append([]byte(nil), data...), size: f.size})
	copy(f.touch(int(off/pageSize), op)[off%pageSize:], data)
}

// copyNoRace is copy for mapped memory. The user of the mapping may store to that
// memory meanwhile, as happens when a kernel writes pages back. The race detector must
// not see this access. So the function uses neither copy nor clear, which report to the
// detector even from a function with go:norace.
//
//go:norace
func copyNoRace(dst, src []byte) {
	n := min(len(dst), len(src))
	dst, src = dst[:n], src[:n]
	for len(dst) >= 8 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src))
		dst, src = dst[8:], src[8:]
	}
	for i := range dst {
		dst[i] = src[i]
	}
}

// clearNoRace is clear for mapped memory; see copyNoRace.
//
//go:norace
func clearNoRace(b []byte) {
	for i := range b {
		b[i] = 0
	}
}

// memView is a [Mapping] of a file of a Mem: memory that never changes.
type memView struct{ data []byte }

func (v *memView) Bytes() []byte { return v.data }

// Forget implements [Mapping]. It does nothing: the memory is the file itself.
func (v *memView) Forget(int64, int64) {}

func (v *memView) Unmap() error {
	v.data = nil
	return nil
}

// memMapping is a [WritableMapping] of a file of a Mem.
type memMapping struct {
	m    *Mem
	f    *memFile
	data []byte
	done bool
}

func (w *memMapping) Bytes() []byte { return w.data }

// Forget implements [WritableMapping]. It does nothing: the memory is the file itself.
func (w *memMapping) Forget(int64, int64) {}

// Populate implements [WritableMapping]. It does nothing: the memory is allocated
// already.
func (w *memMapping) Populate(int64, int64) {}

// Unmap folds the last stores into the file and gives up the mapping.
func (w *memMapping) Unmap() error {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if w.done {
		return fs.ErrClosed
	}
	w.done, w.data = true, nil
	w.f.unmapWritable()
	return nil
}

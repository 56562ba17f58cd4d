package vfs

import (
	"io"
	"io/fs"
	"sync/atomic"
	"syscall"
)

// MemFile is an open file of a [Mem] with more operations than [File] has. Code that
// replays a recorded history onto a Mem needs them. Every file of a Mem implements it.
type MemFile interface {
	File
	// SyncRange makes the pages that hold the n bytes at off durable, and the size, as
	// writing them with O_DSYNC does.
	SyncRange(off, n int64) error
	// FailSync is a sync that fails as on Linux: see [Fault.Clean].
	FailSync()
	// NextData returns the first run of bytes at or behind off that may be other than
	// zeros. If there is none, both results are the size.
	NextData(off int64) (from, to int64)
}

var _ MemFile = (*memHandle)(nil)

// memHandle is an open file of a [Mem].
type memHandle struct {
	m        *Mem
	f        *memFile
	name     string // with which it was opened
	writable bool
	dsync    bool
	closed   atomic.Bool
}

// check returns why the handle cannot be used for an operation, or nil.
func (h *memHandle) check(op string, write bool) error {
	switch {
	case h.closed.Load():
		return pathError(op, h.name, fs.ErrClosed)
	case write && !h.writable:
		return pathError(op, h.name, syscall.EBADF)
	}
	return nil
}

// ReadAt needs only a shared lock, unless the file has writable mappings: fold, which
// then runs first, changes the file.
func (h *memHandle) ReadAt(p []byte, off int64) (int, error) {
	if err := h.check("read", false); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, pathError("read", h.name, syscall.EINVAL)
	}
	h.m.mu.RLock()
	if h.f.mappedRefs == 0 {
		defer h.m.mu.RUnlock()
		return h.f.readerAt(p, off)
	}
	h.m.mu.RUnlock()
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	h.f.fold()
	return h.f.readerAt(p, off)
}

// readerAt is readAt with the errors of [io.ReaderAt].
func (f *memFile) readerAt(p []byte, off int64) (int, error) {
	n := f.readAt(p, off)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

type readerAt func(p []byte, off int64) (int, error)

func (r readerAt) ReadAt(p []byte, off int64) (int, error) { return r(p, off) }

// WriteAt records the write as pending. On a handle of OpenDSync, it then syncs the
// pages that it wrote.
func (h *memHandle) WriteAt(p []byte, off int64) (int, error) {
	if err := h.check("write", true); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, pathError("write", h.name, syscall.EINVAL)
	}
	made := h.m.note(Op{Kind: OpWrite, Path: h.name, Offset: off, Length: int64(len(p))})
	h.m.mu.Lock()
	h.f.fold()
	h.f.write(made, p, off)
	h.m.mu.Unlock()
	if !h.dsync {
		return len(p), nil
	}
	// A crash here finds the write made and not yet durable.
	return len(p), h.SyncRange(off, int64(len(p)))
}

// SyncRange implements [MemFile].
func (h *memHandle) SyncRange(off, n int64) error {
	if err := h.check("syncdata", false); err != nil {
		return err
	}
	h.m.note(Op{Kind: OpSyncData, Path: h.name, Offset: off, Length: n})
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	if h.f.syncRange(off, n) {
		h.m.logged = h.m.seq
	}
	return nil
}

// NextData implements [MemFile].
func (h *memHandle) NextData(off int64) (from, to int64) {
	h.m.mu.RLock()
	defer h.m.mu.RUnlock()
	i := int(off / pageSize)
	for i < len(h.f.pages) && h.f.pages[i] == nil {
		i++
	}
	from = min(max(off, int64(i)*pageSize), h.f.size)
	for i < len(h.f.pages) && h.f.pages[i] != nil {
		i++
	}
	return from, max(from, min(int64(i)*pageSize, h.f.size))
}

func (h *memHandle) Close() error {
	if h.closed.Swap(true) {
		return pathError("close", h.name, fs.ErrClosed)
	}
	return nil
}

func (h *memHandle) Size() (int64, error) {
	if err := h.check("size", false); err != nil {
		return 0, err
	}
	h.m.mu.RLock()
	defer h.m.mu.RUnlock()
	return h.f.size, nil
}

func (h *memHandle) Truncate(size int64) error {
	return h.mutate(Op{Kind: OpTruncate, Path: h.name, Length: size}, func(made uint64) {
		h.f.fold()
		h.f.truncate(made, size)
	})
}

func (h *memHandle) Allocate(size int64) error {
	return h.mutate(Op{Kind: OpAllocate, Path: h.name, Length: size}, func(made uint64) {
		if size > h.f.size {
			h.f.truncate(made, size)
		}
	})
}

func (h *memHandle) Sync() error {
	return h.syncAs(OpSync, func(bool) { h.m.logged = h.m.seq })
}

func (h *memHandle) SyncData() error {
	return h.syncAs(OpSyncData, func(grew bool) {
		if grew {
			h.m.logged = h.m.seq
		}
	})
}

// syncAs syncs the file as an operation of the given kind. after runs with the lock
// held.
func (h *memHandle) syncAs(kind OpKind, after func(grew bool)) error {
	if err := h.check(kind.String(), false); err != nil {
		return err
	}
	h.m.note(Op{Kind: kind, Path: h.name})
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	after(h.f.sync())
	return nil
}

// FailSync implements [MemFile].
func (h *memHandle) FailSync() {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	h.f.failSync()
}

// mutate runs an operation that changes the size.
func (h *memHandle) mutate(op Op, change func(made uint64)) error {
	if err := h.check(op.Kind.String(), true); err != nil {
		return err
	}
	if op.Length < 0 {
		return pathError(op.Kind.String(), h.name, syscall.EINVAL)
	}
	made := h.m.note(op)
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	change(made)
	return nil
}

// Map returns the content as of now. Later writes do not change that memory.
func (h *memHandle) Map() (Mapping, error) {
	if err := h.check("map", false); err != nil {
		return nil, err
	}
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	h.f.fold()
	return &memView{h.f.view()}, nil
}

// MapWritable returns the memory that all writable mappings of the file share.
func (h *memHandle) MapWritable() (WritableMapping, error) {
	if err := h.check("map", true); err != nil {
		return nil, err
	}
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	data, err := h.f.mapWritable()
	if err != nil {
		return nil, pathError("map", h.name, err)
	}
	return &memMapping{m: h.m, f: h.f, data: data}, nil
}

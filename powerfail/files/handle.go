package files

import (
	"context"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"golang.org/x/sys/unix"
)

// handle is an open file. Reads and positions are those of the plain file behind it.
type handle struct {
	*fs.LoopbackFile
	n     *node
	dsync bool // O_DSYNC or O_SYNC
}

var (
	_ fs.FileWriter          = (*handle)(nil)
	_ fs.FileAllocater       = (*handle)(nil)
	_ fs.FilePassthroughFder = (*handle)(nil)
)

// PassthroughFd implements [fs.FilePassthroughFder]. It refuses passthrough, by which the kernel
// would read and write the file without calling the handle.
func (h *handle) PassthroughFd() (int, bool) { return 0, false }

// Write implements [fs.FileWriter]. It is short if the fault says so.
func (h *handle) Write(ctx context.Context, data []byte, offset int64) (uint32, syscall.Errno) {
	l := h.n.log
	l.mu.Lock()
	defer l.mu.Unlock()
	allowed, errno := h.n.faults.write(h.n, data, offset)
	if errno != 0 {
		return 0, errno
	}
	written, errno := h.LoopbackFile.Write(ctx, data[:allowed], offset)
	if errno != 0 {
		return 0, errno
	}
	id := h.n.StableAttr().Ino
	h.n.note(ctx, Entry{Kind: Write, File: id, Offset: offset, Data: data[:written]})
	if h.dsync {
		h.n.note(ctx, Entry{Kind: SyncData, File: id, Offset: offset, Length: int64(written)})
	}
	return written, 0
}

// Allocate implements [fs.FileAllocater].
func (h *handle) Allocate(ctx context.Context, offset, length uint64, mode uint32) syscall.Errno {
	e := Entry{Kind: Allocate, File: h.n.StableAttr().Ino, Length: int64(offset + length)}
	switch mode &^ unix.FALLOC_FL_KEEP_SIZE {
	case 0:
	case unix.FALLOC_FL_PUNCH_HOLE, unix.FALLOC_FL_ZERO_RANGE:
		e.Kind, e.Offset, e.Length = Zero, int64(offset), int64(length)
	default:
		return syscall.EOPNOTSUPP
	}
	l := h.n.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if errno := h.n.faults.allocate(h.n, int64(length), mode); errno != 0 {
		return errno
	}
	if errno := h.LoopbackFile.Allocate(ctx, offset, length, mode); errno != 0 {
		return errno
	}
	if mode&unix.FALLOC_FL_ZERO_RANGE != 0 && mode&unix.FALLOC_FL_KEEP_SIZE == 0 {
		h.n.note(ctx, Entry{Kind: Allocate, File: e.File, Length: int64(offset + length)})
	}
	if mode != unix.FALLOC_FL_KEEP_SIZE {
		h.n.note(ctx, e)
	}
	return 0
}

// directory is an open directory.
type directory struct {
	listing
	n *node
}

// listing is what an open directory of the plain file system can do.
type listing interface {
	fs.FileReaddirenter
	fs.FileSeekdirer
	fs.FileReleasedirer
}

var _ fs.FileFsyncdirer = (*directory)(nil)

// Fsyncdir implements [fs.FileFsyncdirer].
func (d *directory) Fsyncdir(ctx context.Context, flags uint32) syscall.Errno {
	return d.n.Fsync(ctx, nil, flags)
}

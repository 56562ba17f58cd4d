package disk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"lsmlab/powerfail/blocklog"
)

// diskName is the only file that the server shows.
const diskName = "disk"

// Serve is the process behind a recorded disk. It mounts a file system whose one file
// is the disk, in memory, writes the block log of that file, and says "ready". Then
// it answers every line of control by marking the log with it and printing the
// position. At the end of control it ends the log and unmounts.
//
// It must be a process of its own, which starts no other: a descriptor of
// /dev/fuse that anything else inherits keeps the mount hanging if this process
// dies, and a workload that waits for its own process to serve its writes may
// wait for ever.
func Serve(s Served, control io.Reader, answers io.Writer) (err error) {
	log, err := os.Create(s.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	node := &diskNode{content: make([]byte, s.Size), log: blocklog.NewRecorder(log, s.Size), failing: failing{fault: s.Fail}}
	if s.Base != "" {
		if err := node.load(s.Base); err != nil {
			return err
		}
	}
	root := &rootNode{disk: node}
	server, err := fs.Mount(s.Dir, root, &fs.Options{MountOptions: fuse.MountOptions{
		FsName:            mountSource,
		Name:              mountSource,
		DirectMountStrict: true, // as root, without a helper program
		MaxWrite:          1 << 20,
		DisableXAttrs:     true,
	}})
	if err != nil {
		return fmt.Errorf("mount the recorded disk at %s: %w", s.Dir, err)
	}
	err = node.answer(control, answers)
	return errors.Join(err, node.log.Close(), server.Unmount())
}

// answer takes marks until control ends.
func (n *diskNode) answer(control io.Reader, answers io.Writer) error {
	if _, err := fmt.Fprintln(answers, "ready"); err != nil {
		return err
	}
	lines := bufio.NewScanner(control)
	for lines.Scan() {
		if lines.Text() == markStart {
			n.failing.arm()
		}
		if _, err := fmt.Fprintln(answers, n.log.Mark(lines.Text())); err != nil {
			return err
		}
	}
	return lines.Err()
}

// rootNode is the served directory. Its only file is the disk.
type rootNode struct {
	fs.Inode
	disk *diskNode
}

var _ fs.NodeOnAdder = (*rootNode)(nil)

// OnAdd implements [fs.NodeOnAdder].
func (r *rootNode) OnAdd(ctx context.Context) {
	r.AddChild(diskName, r.NewPersistentInode(ctx, r.disk, fs.StableAttr{Mode: syscall.S_IFREG}), false)
}

// diskNode is the disk. Requests run beside each other, as on a disk with a queue.
type diskNode struct {
	fs.Inode
	log     *blocklog.Recorder
	failing failing

	mu      sync.RWMutex
	content []byte
}

var (
	_ fs.NodeOpener    = (*diskNode)(nil)
	_ fs.NodeGetattrer = (*diskNode)(nil)
	_ fs.NodeReader    = (*diskNode)(nil)
	_ fs.NodeWriter    = (*diskNode)(nil)
	_ fs.NodeFsyncer   = (*diskNode)(nil)
	_ fs.NodeAllocater = (*diskNode)(nil)
)

// Open implements [fs.NodeOpener]. It turns the kernel's cache off, so that each write of the
// loop device is logged when it happens.
func (n *diskNode) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_DIRECT_IO | fuse.FOPEN_PARALLEL_DIRECT_WRITES, 0
}

// Getattr implements [fs.NodeGetattrer].
func (n *diskNode) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Size = 0o600, uint64(len(n.content))
	return 0
}

// Read implements [fs.NodeReader].
func (n *diskNode) Read(_ context.Context, _ fs.FileHandle, dst []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if offset < 0 || offset > int64(len(n.content)) {
		return nil, syscall.EINVAL
	}
	return fuse.ReadResultData(dst[:copy(dst, n.content[offset:])]), 0
}

// Write implements [fs.NodeWriter].
func (n *diskNode) Write(_ context.Context, _ fs.FileHandle, data []byte, offset int64) (uint32, syscall.Errno) {
	if offset < 0 || offset+int64(len(data)) > int64(len(n.content)) {
		return 0, syscall.ENOSPC
	}
	if n.failing.now(FailWrite) {
		return 0, syscall.EIO
	}
	op := n.log.Write(offset, data, false)
	n.mu.Lock()
	copy(n.content[offset:], data)
	n.mu.Unlock()
	n.log.Done(op)
	return uint32(len(data)), 0
}

// Fsync implements [fs.NodeFsyncer]: it is the flush of the disk's cache.
func (n *diskNode) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	if n.failing.now(FailSync) {
		return syscall.EIO
	}
	n.log.Done(n.log.Flush())
	return 0
}

// Allocate implements [fs.NodeAllocater]: discards and writes of zeros.
func (n *diskNode) Allocate(_ context.Context, _ fs.FileHandle, offset, length uint64, mode uint32) syscall.Errno {
	size := uint64(len(n.content))
	switch {
	case offset > size || length > size-offset:
		return syscall.ENOSPC
	case mode&(unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_ZERO_RANGE) == 0:
		return syscall.EOPNOTSUPP
	}
	op := n.log.Zero(int64(offset), int64(length), false)
	n.mu.Lock()
	clear(n.content[offset : offset+length])
	n.mu.Unlock()
	n.log.Done(op)
	return 0
}

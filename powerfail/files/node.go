package files

import (
	"context"
	"path"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// node is a file or directory of the served directory. Each operation on it is done in a plain
// directory behind it, and is logged if it took effect and changed something.
type node struct {
	*fs.LoopbackNode
	log    *logWriter
	faults *faults
}

var (
	_ fs.NodeWrapChilder    = (*node)(nil)
	_ fs.NodeCreater        = (*node)(nil)
	_ fs.NodeOpener         = (*node)(nil)
	_ fs.NodeOpendirHandler = (*node)(nil)
	_ fs.NodeMkdirer        = (*node)(nil)
	_ fs.NodeMknoder        = (*node)(nil)
	_ fs.NodeSymlinker      = (*node)(nil)
	_ fs.NodeLinker         = (*node)(nil)
	_ fs.NodeUnlinker       = (*node)(nil)
	_ fs.NodeRmdirer        = (*node)(nil)
	_ fs.NodeRenamer        = (*node)(nil)
	_ fs.NodeSetattrer      = (*node)(nil)
	_ fs.NodeFsyncer        = (*node)(nil)
)

// WrapChild implements [fs.NodeWrapChilder].
func (n *node) WrapChild(_ context.Context, ops fs.InodeEmbedder) fs.InodeEmbedder {
	return &node{ops.(*fs.LoopbackNode), n.log, n.faults}
}

// path returns the path of a name in this directory, "" for the directory itself.
func (n *node) path(name string) string { return path.Join(n.Path(n.Root()), name) }

// behind returns the path, in the plain directory, of a name of this directory.
func (n *node) behind(name string) string { return filepath.Join(n.RootData.Path, n.path(name)) }

// plain says whether the file at a path of the plain directory is part of crash states. Sockets,
// pipes and devices are not.
func plain(behind string) bool {
	var st syscall.Stat_t
	if syscall.Lstat(behind, &st) != nil {
		return false
	}
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFREG, syscall.S_IFDIR, syscall.S_IFLNK:
		return true
	}
	return false
}

// do runs an operation, and logs it if it took effect.
func (n *node) do(ctx context.Context, e Entry, operate func() syscall.Errno) syscall.Errno {
	n.log.mu.Lock()
	defer n.log.mu.Unlock()
	errno := operate()
	if errno == 0 {
		n.note(ctx, e)
	}
	return errno
}

// note logs an entry. The caller holds the log's lock.
func (n *node) note(ctx context.Context, e Entry) {
	if caller, ok := fuse.FromContext(ctx); ok {
		e.Process = caller.Pid
	}
	n.log.add(e)
}

// Create implements [fs.NodeCreater].
func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (child *fs.Inode, h fs.FileHandle, fuseFlags uint32, errno syscall.Errno) {
	n.log.mu.Lock()
	defer n.log.mu.Unlock()
	child, h, _, errno = n.LoopbackNode.Create(ctx, name, flags&behindFlags, mode, out)
	if errno != 0 {
		return nil, nil, 0, errno
	}
	n.note(ctx, Entry{Kind: Create, Path: n.path(name), File: child.StableAttr().Ino, Mode: mode & 0o7777})
	opened := &handle{h.(*fs.LoopbackFile), child.Operations().(*node), flags&syscall.O_DSYNC != 0}
	return child, opened, fuse.FOPEN_KEEP_CACHE, 0
}

// behindFlags masks the flags with which the plain file is opened. O_APPEND and the flags of
// syncing are left out: each write has its offset, and the log decides what is durable.
const behindFlags = ^uint32(syscall.O_APPEND | syscall.O_DIRECT | syscall.O_SYNC | syscall.O_DSYNC | syscall.O_TRUNC)

// Open implements [fs.NodeOpener]. The kernel may keep what it read: nobody else
// changes the file.
func (n *node) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	h, _, errno := n.LoopbackNode.Open(ctx, flags&behindFlags)
	if errno != 0 {
		return nil, 0, errno
	}
	return &handle{h.(*fs.LoopbackFile), n, flags&syscall.O_DSYNC != 0}, fuse.FOPEN_KEEP_CACHE, 0
}

// OpendirHandle implements [fs.NodeOpendirHandler].
func (n *node) OpendirHandle(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	h, _, errno := n.LoopbackNode.OpendirHandle(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return &directory{h.(listing), n}, 0, 0
}

// Mkdir implements [fs.NodeMkdirer].
func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (child *fs.Inode, errno syscall.Errno) {
	errno = n.do(ctx, Entry{Kind: Mkdir, Path: n.path(name)}, func() (errno syscall.Errno) {
		child, errno = n.LoopbackNode.Mkdir(ctx, name, mode, out)
		return errno
	})
	return child, errno
}

// Mknod implements [fs.NodeMknoder].
func (n *node) Mknod(ctx context.Context, name string, mode, device uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.log.mu.Lock()
	defer n.log.mu.Unlock()
	child, errno := n.LoopbackNode.Mknod(ctx, name, mode, device, out)
	if errno == 0 && child.Mode()&syscall.S_IFMT == syscall.S_IFREG {
		n.note(ctx, Entry{Kind: Create, Path: n.path(name), File: child.StableAttr().Ino, Mode: mode & 0o7777})
	}
	return child, errno
}

// Symlink implements [fs.NodeSymlinker].
func (n *node) Symlink(ctx context.Context, target, name string, out *fuse.EntryOut) (child *fs.Inode, errno syscall.Errno) {
	errno = n.do(ctx, Entry{Kind: Symlink, Path: n.path(name), To: target}, func() (errno syscall.Errno) {
		child, errno = n.LoopbackNode.Symlink(ctx, target, name, out)
		return errno
	})
	return child, errno
}

// Link implements [fs.NodeLinker].
func (n *node) Link(ctx context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (child *fs.Inode, errno syscall.Errno) {
	old := target.EmbeddedInode()
	errno = n.do(ctx, Entry{Kind: Link, Path: old.Path(old.Root()), To: n.path(name)}, func() (errno syscall.Errno) {
		child, errno = n.LoopbackNode.Link(ctx, target, name, out)
		return errno
	})
	return child, errno
}

// Unlink implements [fs.NodeUnlinker].
func (n *node) Unlink(ctx context.Context, name string) syscall.Errno {
	return n.remove(ctx, name, n.LoopbackNode.Unlink)
}

// Rmdir implements [fs.NodeRmdirer].
func (n *node) Rmdir(ctx context.Context, name string) syscall.Errno {
	return n.remove(ctx, name, n.LoopbackNode.Rmdir)
}

func (n *node) remove(ctx context.Context, name string, remove func(context.Context, string) syscall.Errno) syscall.Errno {
	n.log.mu.Lock()
	defer n.log.mu.Unlock()
	part := plain(n.behind(name))
	errno := remove(ctx, name)
	if errno == 0 && part {
		n.note(ctx, Entry{Kind: Remove, Path: n.path(name)})
	}
	return errno
}

// Rename implements [fs.NodeRenamer].
func (n *node) Rename(ctx context.Context, name string, newParent fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	n.log.mu.Lock()
	defer n.log.mu.Unlock()
	part := plain(n.behind(name))
	errno := n.LoopbackNode.Rename(ctx, name, newParent, newName, flags)
	if errno != 0 || !part {
		return errno
	}
	e := Entry{Kind: Rename, Path: n.path(name), To: newParent.(*node).path(newName)}
	if flags&unix.RENAME_EXCHANGE != 0 {
		e.Kind = Exchange
	}
	n.note(ctx, e)
	return 0
}

// Setattr implements [fs.NodeSetattrer].
func (n *node) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	n.log.mu.Lock()
	defer n.log.mu.Unlock()
	errno := n.LoopbackNode.Setattr(ctx, h, in, out)
	if errno != 0 || n.Mode()&syscall.S_IFMT != syscall.S_IFREG {
		return errno
	}
	if size, ok := in.GetSize(); ok {
		n.note(ctx, Entry{Kind: Truncate, File: n.StableAttr().Ino, Length: int64(size)})
	}
	if mode, ok := in.GetMode(); ok {
		n.note(ctx, Entry{Kind: Chmod, File: n.StableAttr().Ino, Mode: mode & 0o7777})
	}
	return 0
}

// Fsync implements [fs.NodeFsyncer], for files and directories. Nothing behind is
// synced: what is durable is decided by the log.
func (n *node) Fsync(ctx context.Context, _ fs.FileHandle, flags uint32) syscall.Errno {
	e := Entry{Kind: Sync, File: n.StableAttr().Ino}
	switch {
	case n.IsDir():
		e = Entry{Kind: SyncDir, Path: n.path("")}
	case flags&fsyncData != 0:
		e.Kind = SyncData
	}
	time.Sleep(syncTime)
	n.log.mu.Lock()
	defer n.log.mu.Unlock()
	e.Errno = n.faults.sync()
	n.note(ctx, e)
	return e.Errno
}

const fsyncData = 1 // FUSE_FSYNC_FDATASYNC

// syncTime is how long a sync takes, as on a disk. Meanwhile the recorder reads the lines that
// the program printed before. So an acknowledgement that the program printed too early
// comes before its sync in the log.
const syncTime = time.Millisecond

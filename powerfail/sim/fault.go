package sim

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"syscall"

	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
)

// Fault fails one operation of a program: the one after the first Skip of its
// kind on files of its role. Later ones succeed again.
type Fault struct {
	Kind  vfs.OpKind    `json:"kind"`
	Role  string        `json:"role"` // see explore.Role
	Skip  int64         `json:"skip"`
	Errno syscall.Errno `json:"errno"`
	Short int           `json:"short,omitempty"` // bytes of a write that are done
}

// String says what fails.
func (f *Fault) String() string {
	return fmt.Sprintf("%v of a %s file, after %d that succeed: %v (%d bytes done)", f.Kind, f.Role, f.Skip, f.Errno, f.Short)
}

// wrap returns disk with the fault. A sync that fails marks its pages clean.
func (f *Fault) wrap(disk vfs.FS) vfs.FS {
	left := atomic.Int64{}
	left.Store(f.Skip + 1)
	return vfs.NewInject(disk, func(op vfs.Op) vfs.Fault {
		if op.Kind != f.Kind || explore.Role(op.Path) != f.Role || left.Add(-1) != 0 {
			return vfs.Fault{}
		}
		return vfs.Fault{Err: f.Errno, Short: f.Short, Clean: true}
	})
}

// faults are what can fail how, what is worth most first.
var faults = []Fault{
	{Kind: vfs.OpSyncData, Role: "wal", Errno: syscall.EIO},
	{Kind: vfs.OpWrite, Role: "wal", Errno: syscall.ENOSPC},
	{Kind: vfs.OpSync, Role: "table", Errno: syscall.EIO},
	{Kind: vfs.OpSyncData, Role: "manifest", Errno: syscall.EIO},
	{Kind: vfs.OpSyncDir, Role: "dir", Errno: syscall.EIO},
	{Kind: vfs.OpWrite, Role: "table", Errno: syscall.ENOSPC},
	{Kind: vfs.OpSync, Role: "manifest", Errno: syscall.EIO},
	{Kind: vfs.OpRead, Role: "wal", Errno: syscall.EIO},
	{Kind: vfs.OpSync, Role: "wal", Errno: syscall.EIO},
	{Kind: vfs.OpOpen, Role: "table", Errno: syscall.EIO},
	{Kind: vfs.OpCreate, Role: "wal", Errno: syscall.ENOSPC},
	{Kind: vfs.OpAllocate, Role: "wal", Errno: syscall.ENOSPC},
	{Kind: vfs.OpWrite, Role: "manifest", Errno: syscall.ENOSPC},
	{Kind: vfs.OpRename, Role: "current", Errno: syscall.EIO},
	{Kind: vfs.OpSync, Role: "current", Errno: syscall.EIO},
	{Kind: vfs.OpRead, Role: "manifest", Errno: syscall.EIO},
	{Kind: vfs.OpCreate, Role: "table", Errno: syscall.ENOSPC},
	{Kind: vfs.OpOpen, Role: "wal", Errno: syscall.EMFILE},
	{Kind: vfs.OpOpenReadWrite, Role: "wal", Errno: syscall.EMFILE},
	{Kind: vfs.OpCreate, Role: "manifest", Errno: syscall.ENOSPC},
	{Kind: vfs.OpWrite, Role: "wal", Errno: syscall.EFBIG},
	{Kind: vfs.OpRename, Role: "wal", Errno: syscall.EIO},
	{Kind: vfs.OpRemove, Role: "table", Errno: syscall.EIO},
	{Kind: vfs.OpMap, Role: "table", Errno: syscall.ENOMEM},
	{Kind: vfs.OpRead, Role: "table", Errno: syscall.EIO},
	{Kind: vfs.OpRead, Role: "current", Errno: syscall.EIO},
	{Kind: vfs.OpWrite, Role: "current", Errno: syscall.ENOSPC},
	{Kind: vfs.OpCreate, Role: "current", Errno: syscall.ENOSPC},
	{Kind: vfs.OpOpen, Role: "manifest", Errno: syscall.EIO},
	{Kind: vfs.OpTruncate, Role: "wal", Errno: syscall.EIO},
	{Kind: vfs.OpRemove, Role: "wal", Errno: syscall.EIO},
	{Kind: vfs.OpRemove, Role: "manifest", Errno: syscall.EIO},
	{Kind: vfs.OpList, Role: "dir", Errno: syscall.EIO},
}

// fault returns fault number i, at a random operation of its kind.
func fault(i int, rng *rand.Rand) *Fault {
	f := faults[i%len(faults)]
	f.Skip = int64(rng.IntN(12))
	if f.Kind == vfs.OpWrite {
		f.Short = rng.IntN(2) * rng.IntN(400)
	}
	return &f
}

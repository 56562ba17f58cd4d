package sim

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"syscall"

	"lsmlab/engines/fileroles"
	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// Fault makes operations of a program fail. Of the operations of one kind on files of one
// role, the first Skip succeed, then Times fail (at least one), and later ones succeed
// again.
type Fault struct {
	Kind  vfs.OpKind    `json:"kind"`
	Role  string        `json:"role"` // see fileroles.Of
	Skip  int64         `json:"skip"`
	Times int64         `json:"times,omitempty"`
	Errno syscall.Errno `json:"errno"`
	Short int           `json:"short,omitempty"` // bytes that a failing write stores
}

// String describes the fault.
func (f *Fault) String() string {
	return fmt.Sprintf("%v of a %s file, %d times after %d that succeed: %v (%d bytes done)",
		f.Kind, f.Role, max(f.Times, 1), f.Skip, f.Errno, f.Short)
}

// wrap returns disk with the fault. A sync that fails marks its pages clean, as Linux does.
func (f *Fault) wrap(disk vfs.FS) vfs.FS {
	met := atomic.Int64{}
	return vfs.NewInject(disk, func(op vfs.Op) vfs.Fault {
		if op.Kind != f.Kind || fileroles.Of(op.Path) != f.Role {
			return vfs.Fault{}
		}
		if n := met.Add(1); n <= f.Skip || n > f.Skip+max(f.Times, 1) {
			return vfs.Fault{}
		}
		return vfs.Fault{Err: f.Errno, Short: f.Short, Clean: true}
	})
}

// passes says whether a store opened for d must go on for good if it goes on after the
// fault once. A mapped WAL need not: it stops after a record written past the mapping.
func (f *Fault) passes(d kv.Durability) bool {
	return d == kv.Synced || f.Kind != vfs.OpWrite || f.Role != "wal"
}

// faults lists the operations that can fail and their errors, the most valuable tests first.
var faults = []Fault{
	{Kind: vfs.OpSyncData, Role: "wal", Errno: syscall.EIO},
	{Kind: vfs.OpWrite, Role: "wal", Errno: syscall.ENOSPC},
	{Kind: vfs.OpSync, Role: "table", Errno: syscall.EIO},
	{Kind: vfs.OpSyncData, Role: "manifest", Errno: syscall.EIO},
	{Kind: vfs.OpSyncDir, Role: "dir", Errno: syscall.EIO},
	{Kind: vfs.OpWrite, Role: "table", Errno: syscall.ENOSPC},
	{Kind: vfs.OpSync, Role: "manifest", Errno: syscall.EIO},
	{Kind: vfs.OpMapWritable, Role: "wal", Errno: syscall.ENOMEM},
	{Kind: vfs.OpCreate, Role: "wal", Errno: syscall.EMFILE},
	{Kind: vfs.OpMemory, Role: "dir", Errno: syscall.ENOMEM},
	{Kind: vfs.OpCreate, Role: "table", Errno: syscall.EMFILE},
	{Kind: vfs.OpSyncDir, Role: "dir", Errno: syscall.EMFILE},
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
	{Kind: vfs.OpRename, Role: "wal", Errno: syscall.ENOSPC},
	{Kind: vfs.OpRename, Role: "current", Errno: syscall.ENOSPC},
	{Kind: vfs.OpAllocate, Role: "reserve", Errno: syscall.ENOSPC},
	{Kind: vfs.OpWrite, Role: "table", Errno: syscall.EDQUOT},
	{Kind: vfs.OpOpen, Role: "table", Errno: syscall.EMFILE},
	{Kind: vfs.OpMap, Role: "wal", Errno: syscall.ENOMEM},
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

// fault returns fault number i, which begins at a random operation of its kind. One for
// lack of space or memory mostly fails several times in a row.
func fault(i int, rng *rand.Rand) *Fault {
	f := faults[i%len(faults)]
	switch f.Skip = int64(rng.IntN(12)); f.Kind {
	case vfs.OpCreate, vfs.OpAllocate, vfs.OpMapWritable, vfs.OpMemory, vfs.OpRename:
		f.Skip %= 4 // a program has few operations of these kinds
	case vfs.OpWrite:
		f.Short = rng.IntN(2) * rng.IntN(400)
	}
	if vfs.Exhausted(f.Errno) {
		f.Times = 1 + int64(rng.IntN(8))
	}
	return &f
}

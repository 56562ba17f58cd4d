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

// faults are the kinds of failure, by what can fail how.
var faults = []struct {
	kind  vfs.OpKind
	roles []string
	errno syscall.Errno
}{
	{vfs.OpSync, []string{"table", "manifest", "current", "wal"}, syscall.EIO},
	{vfs.OpSyncData, []string{"wal", "manifest", "table"}, syscall.EIO},
	{vfs.OpSyncDir, []string{"dir"}, syscall.EIO},
	{vfs.OpWrite, []string{"wal", "table", "manifest", "current"}, syscall.ENOSPC},
	{vfs.OpWrite, []string{"wal", "table"}, syscall.EFBIG},
	{vfs.OpAllocate, []string{"wal"}, syscall.ENOSPC},
	{vfs.OpCreate, []string{"wal", "table", "manifest", "current"}, syscall.ENOSPC},
	{vfs.OpRename, []string{"current", "wal"}, syscall.EIO},
	{vfs.OpRemove, []string{"table", "manifest", "wal"}, syscall.EIO},
	{vfs.OpOpen, []string{"table", "manifest", "current", "wal"}, syscall.EIO},
	{vfs.OpOpenReadWrite, []string{"wal"}, syscall.EMFILE},
	{vfs.OpRead, []string{"table", "manifest", "current", "wal"}, syscall.EIO},
	{vfs.OpMap, []string{"table"}, syscall.ENOMEM},
	{vfs.OpTruncate, []string{"wal"}, syscall.EIO},
	{vfs.OpList, []string{"dir"}, syscall.EIO},
}

// drawFault returns a random fault.
func drawFault(rng *rand.Rand) *Fault {
	of := faults[rng.IntN(len(faults))]
	f := &Fault{Kind: of.kind, Role: of.roles[rng.IntN(len(of.roles))], Errno: of.errno, Skip: int64(rng.IntN(12))}
	if f.Kind == vfs.OpWrite {
		f.Short = rng.IntN(2) * rng.IntN(400)
	}
	return f
}

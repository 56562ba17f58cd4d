package vfs

import "fmt"

// OpKind is a kind of file system operation.
type OpKind uint8

// The kinds of operation. Most are the methods of [FS] and [File] with the same names.
const (
	OpCreate OpKind = iota + 1
	OpOpen
	OpOpenReadWrite
	OpOpenDSync
	OpRemove
	OpRename
	OpMkdirAll
	OpList
	OpStat
	OpSyncDir
	OpLock
	OpRead
	OpWrite
	OpTruncate
	OpAllocate
	OpSync
	OpSyncData
	OpMap
	OpMapWritable
	OpMemory   // see [AskMemory]
	OpLink     // Path is the old name
	OpSymlink  // see [Mem.Symlink]; To is the target
	OpExchange // see [Mem.Exchange]
)

var opNames = [...]string{
	OpCreate: "create", OpOpen: "open", OpOpenReadWrite: "openrw", OpOpenDSync: "opendsync",
	OpRemove: "remove", OpRename: "rename", OpMkdirAll: "mkdir", OpList: "list", OpStat: "stat",
	OpSyncDir: "syncdir", OpLock: "lock", OpRead: "read", OpWrite: "write", OpTruncate: "truncate",
	OpAllocate: "allocate", OpSync: "sync", OpSyncData: "syncdata", OpMap: "map",
	OpMapWritable: "mapwritable", OpMemory: "memory", OpLink: "link", OpSymlink: "symlink", OpExchange: "exchange",
}

// String returns a short name, such as "write".
func (k OpKind) String() string {
	if int(k) < len(opNames) && k > 0 {
		return opNames[k]
	}
	return fmt.Sprintf("op(%d)", uint8(k))
}

// Mutates says whether the operation changes content, entries, or which of them are
// durable.
func (k OpKind) Mutates() bool {
	switch k {
	case OpCreate, OpRemove, OpRename, OpMkdirAll, OpSyncDir, OpLock, OpLink, OpSymlink, OpExchange,
		OpWrite, OpTruncate, OpAllocate, OpSync, OpSyncData:
		return true
	}
	return false
}

// Op is one operation that is about to run.
type Op struct {
	Kind   OpKind
	Path   string // as the caller gave it; for methods of a file, the path with which it was opened
	To     string // the new name, for OpRename and OpLink; the target, for OpSymlink; the other name, for OpExchange
	Offset int64  // for OpRead and OpWrite, bytes
	Length int64  // bytes read or written; the new size for OpTruncate and OpAllocate; asked for by OpMemory
	Number uint64 // in [Mem.OnOp], the position among all operations of that file system, from 1
}

// String shows the operation for people.
func (o Op) String() string {
	switch o.Kind {
	case OpRename, OpLink, OpSymlink, OpExchange:
		return fmt.Sprintf("%s %s -> %s", o.Kind, o.Path, o.To)
	case OpRead, OpWrite:
		return fmt.Sprintf("%s %s [%d,+%d)", o.Kind, o.Path, o.Offset, o.Length)
	case OpTruncate, OpAllocate:
		return fmt.Sprintf("%s %s to %d", o.Kind, o.Path, o.Length)
	}
	return o.Kind.String() + " " + o.Path
}

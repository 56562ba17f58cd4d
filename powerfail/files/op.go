package files

import (
	"fmt"
	"syscall"
)

// Kind is what an entry of the log says. The values are part of the format.
type Kind string

// The kinds of operation, and the mark.
const (
	Create   Kind = "create"   // File at Path, with Mode; empty
	Mkdir    Kind = "mkdir"    // Path
	Symlink  Kind = "symlink"  // Path, to To
	Link     Kind = "link"     // To, another name of Path
	Remove   Kind = "remove"   // Path: a file, or an empty directory
	Rename   Kind = "rename"   // Path becomes To, which is replaced
	Exchange Kind = "exchange" // Path and To change places
	Chmod    Kind = "chmod"    // File gets Mode
	Truncate Kind = "truncate" // File gets the size Length
	Allocate Kind = "allocate" // File grows to Length, if it is shorter
	Write    Kind = "write"    // Data at Offset of File
	Zero     Kind = "zero"     // Length bytes at Offset of File, which does not grow
	Sync     Kind = "sync"     // File: content and size
	SyncData Kind = "syncdata" // likewise; a part of it if Length is not 0 (O_DSYNC)
	SyncDir  Kind = "syncdir"  // entries of Path
	SyncAll  Kind = "syncall"  // everything: sync(2) or syncfs(2)
	Mark     Kind = "mark"     // Text: what the recorder was told
)

// Entry is one operation that took effect, or a mark. Paths are relative to the
// recorded directory, which is "".
type Entry struct {
	Kind   Kind   `json:"op"`
	File   uint64 `json:"file,omitempty"` // tells files apart, from its creation on
	Path   string `json:"path,omitempty"`
	To     string `json:"to,omitempty"`
	Offset int64  `json:"offset,omitempty"` // bytes
	Length int64  `json:"length,omitempty"` // bytes
	Data   []byte `json:"data,omitempty"`
	Mode   uint32 `json:"mode,omitempty"` // permissions
	Text   string `json:"text,omitempty"`
	// Errno is set if a fault made the operation fail. Such an operation is a sync that makes
	// nothing durable and leaves its pages marked clean.
	Errno   syscall.Errno `json:"errno,omitempty"`
	Process uint32        `json:"process,omitempty"` // that made the call
	Seconds float64       `json:"seconds"`           // since the recording began
}

// describe returns the operation as text for people. name is the path of its file.
func (e *Entry) describe(name string) string {
	if e.Path != "" || e.File == 0 {
		name = e.Path
	}
	if name == "" {
		name = "the directory itself"
	}
	text := fmt.Sprintf("%s %s", e.Kind, name)
	switch e.Kind {
	case Mark:
		return e.Text
	case Write:
		text += fmt.Sprintf(" [%d,+%d)", e.Offset, len(e.Data))
	case Zero:
		text += fmt.Sprintf(" [%d,+%d)", e.Offset, e.Length)
	case Truncate, Allocate:
		text += fmt.Sprintf(" to %d", e.Length)
	case Rename, Link, Symlink, Exchange:
		text += " -> " + e.To
	}
	if e.Errno != 0 {
		text += fmt.Sprintf(" (made to fail: %v)", e.Errno)
	}
	return text
}

// role returns the role of the operation's file, or dir for a directory. name is the path of
// that file.
func (e *Entry) role(name string, of func(string) string) string {
	switch e.Kind {
	case Mark:
		return "client"
	case Mkdir, SyncDir, SyncAll:
		return "dir"
	case Create, Link, Symlink, Remove, Exchange:
		return of(e.Path)
	case Rename:
		return of(e.To)
	}
	return of(name)
}

package files

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Fault makes one kind of operation of the program fail. The zero value makes none.
type Fault struct {
	Kind string // write, sync or enospc
	N    int64  // number of the write or sync, from 1; size of the disk in bytes
}

// ParseFault reads write:N, sync:N or enospc:SIZE, with K and M for binary thousands.
func ParseFault(s string) (f Fault, err error) {
	kind, number, _ := strings.Cut(s, ":")
	unit := int64(1)
	if kind == "enospc" {
		for suffix, n := range map[string]int64{"K": 1 << 10, "M": 1 << 20, "G": 1 << 30} {
			if rest, ok := strings.CutSuffix(number, suffix); ok {
				number, unit = rest, n
			}
		}
	}
	f = Fault{Kind: kind}
	f.N, err = strconv.ParseInt(number, 10, 64)
	f.N *= unit
	if err != nil || f.N < 1 || kind != "write" && kind != "sync" && kind != "enospc" {
		return Fault{}, fmt.Errorf("%q: want write:N or sync:N for the Nth, counted from 1, or enospc:SIZE for a disk of that size, such as enospc:48K", s)
	}
	return f, nil
}

// String is the inverse of ParseFault.
func (f Fault) String() string {
	if f.Kind == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", f.Kind, f.N)
}

// faults makes operations fail. The lock of the log guards it.
//
// A write that fails does so as on a disk: it is cut short, so that a part of it is
// there, and the next write to the file returns the error. A sync that fails marks
// its pages clean. A disk that is full is so until something is removed or cut.
type faults struct {
	Fault
	done   int64  // of the kind
	broken uint64 // file whose next write fails
}

// write returns how many bytes of a write are made, or why none is.
func (f *faults) write(n *node, data []byte, offset int64) (allowed int, errno syscall.Errno) {
	switch f.Kind {
	case "write":
		f.done++
		if f.broken == n.StableAttr().Ino || f.done == f.N && len(data) < 2 {
			f.broken = 0
			return 0, syscall.EIO
		}
		if f.done == f.N {
			f.broken = n.StableAttr().Ino
			return len(data) / 2, 0
		}
	case "enospc":
		return f.room(n, data, offset)
	}
	return len(data), 0
}

// room returns how many bytes of a write a disk of N bytes takes.
func (f *faults) room(n *node, data []byte, offset int64) (int, syscall.Errno) {
	var st syscall.Stat_t
	if syscall.Stat(n.behind(""), &st) != nil {
		return len(data), 0 // it has no name any more
	}
	free := f.N - used(n.RootData.Path) + max(0, st.Size-offset) // what is written over takes no more
	if free <= 0 && len(data) > 0 {
		return 0, syscall.ENOSPC
	}
	return int(min(free, int64(len(data)))), 0
}

// used returns the size of all files below dir.
func used(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // what is gone meanwhile takes no room
		}
		if info, err := d.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total
}

// allocate returns why room for length bytes can't be had.
func (f *faults) allocate(n *node, length int64, mode uint32) syscall.Errno {
	if f.Kind == "enospc" && mode == 0 && used(n.RootData.Path)+length > f.N {
		return syscall.ENOSPC
	}
	return 0
}

// sync returns why a sync fails.
func (f *faults) sync() syscall.Errno {
	if f.Kind != "sync" {
		return 0
	}
	if f.done++; f.done == f.N {
		return syscall.EIO
	}
	return 0
}

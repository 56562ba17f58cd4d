package files

import (
	"io/fs"
	"path/filepath"
	"syscall"

	"lsmlab/powerfail/disk"
)

// faults makes operations fail. The lock of the log guards it.
//
// A failing write behaves as on a disk: it is short, so that a part of it is in the file, and
// the next write to the file returns the error. A failing sync marks its pages clean. A full
// disk stays full until a file is removed or truncated.
type faults struct {
	disk.Fault
	done   int64  // of the kind
	broken uint64 // file whose next write fails
}

// write returns how many bytes of a write are stored, or the error if none are.
func (f *faults) write(n *node, data []byte, offset int64) (allowed int, errno syscall.Errno) {
	switch f.Kind {
	case disk.FailWrite:
		f.done++
		if f.broken == n.StableAttr().Ino || f.done == f.N && len(data) < 2 {
			f.broken = 0
			return 0, syscall.EIO
		}
		if f.done == f.N {
			f.broken = n.StableAttr().Ino
			return len(data) / 2, 0
		}
	case disk.FailSpace:
		return f.room(n, data, offset)
	}
	return len(data), 0
}

// room returns how many bytes of a write have room on a disk of N bytes.
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

// allocate returns the error of an allocation of length bytes, or nil.
func (f *faults) allocate(n *node, length int64, mode uint32) syscall.Errno {
	if f.Kind == disk.FailSpace && mode == 0 && used(n.RootData.Path)+length > f.N {
		return syscall.ENOSPC
	}
	return 0
}

// sync returns the error of a sync, or nil.
func (f *faults) sync() syscall.Errno {
	if f.Kind != disk.FailSync {
		return 0
	}
	if f.done++; f.done == f.N {
		return syscall.EIO
	}
	return 0
}

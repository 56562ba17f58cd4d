package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"lsmlab/powerfail/blocklog"
)

// extentMark begins the marks that say where a file lies. It is followed by offset and
// length on the disk in bytes, the offset in the file, and the file's path in the store.
const extentMark = "extent "

// sizeMark begins the marks that say how large a file is, as the workload sees it. It is
// followed by the size in bytes, which is -1 for a removed file, and the file's path in
// the store.
const sizeMark = "size "

// extent is a run of a file's bytes on the disk.
type extent struct {
	start, length, inFile int64
	name                  string
}

func (e extent) String() string {
	return fmt.Sprintf("%s%d %d %d %s", extentMark, e.start, e.length, e.inFile, e.name)
}

// surveyor looks at the files of a store again and again. It reports changes of their sizes
// and of their places on the disk. So the log itself says to which file a block belonged.
type surveyor struct {
	dir    string
	mapped bool // the file system tells of places
	seen   map[extent]bool
	sizes  map[string]int64
}

// look returns the marks of what is new.
func (s *surveyor) look() (found []string, err error) {
	there := map[string]bool{}
	err = filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(s.dir, path)
		if err != nil {
			return err
		}
		marks, err := s.file(path, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		there[name] = true
		found = append(found, marks...)
		return err
	})
	for name := range s.sizes {
		if !there[name] {
			delete(s.sizes, name)
			found = append(found, fmt.Sprintf("%s-1 %s", sizeMark, name))
		}
	}
	return found, err
}

// file returns the marks of one file.
func (s *surveyor) file(path, name string) (found []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if size, ok := s.sizes[name]; !ok || size != info.Size() {
		s.sizes[name] = info.Size()
		found = append(found, fmt.Sprintf("%s%d %s", sizeMark, info.Size(), name))
	}
	if !s.mapped {
		return found, nil
	}
	extents, err := extentsOf(path, name)
	for _, e := range extents {
		if !s.seen[e] {
			s.seen[e] = true
			found = append(found, e.String())
		}
	}
	return found, err
}

// fiemap is struct fiemap of linux/fiemap.h with room for some extents. The places of a file
// with more extents are known only in part.
type fiemap struct {
	start, length                 uint64
	flags, mapped, count, reserve uint32
	extents                       [64]struct {
		logical, physical, length uint64
		_                         [2]uint64
		flags                     uint32
		_                         [3]uint32
	}
}

const (
	fsIocFiemap         = 0xc020660b
	fiemapExtentUnknown = 2 // it has no place yet
)

func extentsOf(path, name string) (extents []extent, err error) {
	m := fiemap{length: 1<<64 - 1}
	m.count = uint32(len(m.extents))
	err = control(path, os.O_RDONLY, func(fd int) error {
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), fsIocFiemap, uintptr(unsafe.Pointer(&m))); errno != 0 {
			return errno
		}
		return nil
	})
	for _, e := range m.extents[:m.mapped] {
		if e.flags&fiemapExtentUnknown == 0 {
			extents = append(extents, extent{int64(e.physical), int64(e.length), int64(e.logical), name})
		}
	}
	return extents, err
}

// layout says to which file a block of a recorded disk belonged, and when.
type layout []placed

type placed struct {
	extent
	position int64 // when it was seen
}

func newLayout(l *blocklog.Log) (all layout) {
	for _, m := range l.Marks {
		if rest, ok := strings.CutPrefix(m.Text, extentMark); ok {
			p := placed{position: m.Position}
			if n, err := fmt.Sscanf(rest, "%d %d %d", &p.start, &p.length, &p.inFile); n == 3 && err == nil {
				p.name = strings.SplitN(rest, " ", 4)[3]
				all = append(all, p)
			}
		}
	}
	return all
}

// find returns the file to which an operation wrote. A file gets blocks before a survey
// sees it there. So the first survey after the operation that saw a file there decides,
// or else the last one before.
func (l layout) find(op blocklog.Op) (extent, bool) {
	covers := func(p placed) bool { return p.start <= op.Offset && op.Offset < p.start+p.length }
	for _, p := range l {
		if p.position >= op.Issued && covers(p) {
			return p.extent, true
		}
	}
	for _, p := range slices.Backward(l) {
		if covers(p) {
			return p.extent, true
		}
	}
	return extent{}, false
}

// describe says what an operation does, and to which file.
func (l layout) describe(op blocklog.Op) string {
	if op.Kind == blocklog.Flush {
		return "flush of the disk"
	}
	if e, ok := l.find(op); ok {
		return fmt.Sprintf("%s of %d bytes at %d of %s", op.Kind, op.Length, op.Offset-e.start+e.inFile, e.name)
	}
	return fmt.Sprintf("%s of %d bytes of the file system at %d", op.Kind, op.Length, op.Offset)
}

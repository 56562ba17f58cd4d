package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"lsmlab/powerfail/blocklog"
)

// scratch is a disk in memory on which crash states are mounted, one after the
// other. One goroutine at a time.
//
// Between two states only blocks that differ are copied: the disk is a memory
// file, mapped here and the backing of a loop device there, and both see one
// page cache. While nothing is mounted the kernel keeps no copy of its own: it
// drops the pages of a block device when its last user closes it.
type scratch struct {
	stage  string // its directory
	kind   FileSystem
	file   *os.File
	mapped []byte
	device string
	point  string // where it is mounted
}

func newScratch(stage *Stage, kind FileSystem, size int64) (s *scratch, err error) {
	s = &scratch{stage: stage.Dir, kind: kind}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.point, err = stage.mkdir("check"); err != nil {
		return s, err
	}
	fd, err := unix.MemfdCreate(filepath.Base(stage.Dir), unix.MFD_CLOEXEC)
	if err != nil {
		return s, fmt.Errorf("make a file in memory: %w", err)
	}
	s.file = os.NewFile(uintptr(fd), "memory file")
	if err := s.file.Truncate(size); err != nil {
		return s, err
	}
	if s.mapped, err = unix.Mmap(fd, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return s, fmt.Errorf("map %d bytes: %w", size, err)
	}
	s.device, err = attach(s.file)
	return s, err
}

// load makes the disk hold image. It must not be mounted.
func (s *scratch) load(image *blocklog.Image) error {
	for i := range image.Blocks() {
		want := image.Block(i)
		if want == nil {
			continue
		}
		have := s.mapped[i*blocklog.BlockSize:]
		want = want[:min(len(want), len(have))]
		if !bytes.Equal(have[:len(want)], want) {
			copy(have, want)
		}
	}
	return s.punch(image)
}

// punch makes the blocks holes that are zero in image, so that the next load
// need not look at them.
func (s *scratch) punch(image *blocklog.Image) error {
	fd := int(s.file.Fd())
	for at := int64(0); ; {
		from, err := unix.Seek(fd, at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return nil // no data after at
		}
		if err != nil {
			return fmt.Errorf("look for data in a memory file: %w", err)
		}
		if at, err = unix.Seek(fd, from, unix.SEEK_HOLE); err != nil {
			return fmt.Errorf("look for a hole in a memory file: %w", err)
		}
		if err := s.punchRuns(image, from, at); err != nil {
			return err
		}
	}
}

// punchRuns punches the runs of zero blocks in one range of data.
func (s *scratch) punchRuns(image *blocklog.Image, from, to int64) error {
	for first := from / blocklog.BlockSize; first*blocklog.BlockSize < to; first++ {
		next := first
		for next*blocklog.BlockSize < to && image.Block(int(next)) == nil {
			next++
		}
		if next == first {
			continue
		}
		err := unix.Fallocate(int(s.file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE,
			first*blocklog.BlockSize, (next-first)*blocklog.BlockSize)
		if err != nil {
			return fmt.Errorf("punch a hole into a memory file: %w", err)
		}
		first = next
	}
	return nil
}

func (s *scratch) mount() error { return s.kind.mount(s.device, s.point) }

func (s *scratch) unmount() error { return unmount(s.point) }

// close releases the disk, which must not be mounted.
func (s *scratch) close() (err error) {
	if s.device != "" {
		err = detach(s.device, s.stage)
	}
	if s.mapped != nil {
		err = errors.Join(err, unix.Munmap(s.mapped))
	}
	if s.file != nil {
		err = errors.Join(err, s.file.Close())
	}
	return err
}

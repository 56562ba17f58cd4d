package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"lsmlab/powerfail/blocklog"
)

// Served holds the arguments of a process of [Serve].
type Served struct {
	Dir  string // to mount at
	Size int64  // of the disk, in bytes
	Log  string // file of the block log
	Base string // file with the disk's content to begin with; "": zeros
	Fail Fault
}

// arguments returns s as words, which [ParseServed] reads.
func (s *Served) arguments() []string {
	return []string{s.Dir, strconv.FormatInt(s.Size, 10), s.Log, s.Base, s.Fail.String()}
}

// ParseServed reads the words of a command line.
func ParseServed(args []string) (s Served, err error) {
	if len(args) != 5 {
		return s, fmt.Errorf("%d words: want DIR SIZE LOG BASE FAULT", len(args))
	}
	s.Dir, s.Log, s.Base = args[0], args[2], args[3]
	if s.Size, err = strconv.ParseInt(args[1], 10, 64); err != nil || s.Size <= 0 {
		return s, fmt.Errorf("size %q: want bytes", args[1])
	}
	if args[4] != "" {
		s.Fail, err = ParseFault(args[4])
	}
	return s, err
}

// writeImage writes an image into a sparse file of the stage and returns its name.
func (s *Stage) writeImage(m *blocklog.Image) (name string, err error) {
	f, err := os.CreateTemp(s.Dir, "base-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for i := range m.Blocks() {
		if b := m.Block(i); b != nil {
			if _, err := f.WriteAt(b, int64(i)*blocklog.BlockSize); err != nil {
				return "", err
			}
		}
	}
	return f.Name(), f.Truncate(m.Size())
}

// load fills the disk with the content of a file, and logs this as writes.
func (n *diskNode) load(base string) error {
	f, err := os.Open(base)
	if err != nil {
		return err
	}
	_, err = io.ReadFull(f, n.content)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("content of a disk of %d bytes: %w", len(n.content), err)
	}
	const step = 1 << 16
	for at := 0; at < len(n.content); at += step {
		part := n.content[at:min(at+step, len(n.content))]
		if !isZero(part) {
			n.log.Done(n.log.Write(int64(at), part, false))
		}
	}
	n.log.Done(n.log.Flush())
	return nil
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

package disk

import (
	"context"
	"errors"
	"path/filepath"

	"golang.org/x/sys/unix"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/oracle"
)

// Rules of this tier, beside those of the oracle.
const (
	RuleMount oracle.Rule = "mount" // the kernel mounts the file system that the cut left
	RuleCheck oracle.Rule = "check" // the user's check command ends well
)

// Judge says whether a store may be what a power cut at a position of the block
// log left. It may write to it. It is used by one goroutine at a time.
type Judge interface {
	// Judge returns the broken rule, or nil for a sound store. An error means that
	// there is no verdict.
	Judge(ctx context.Context, dir string, position int64) (*oracle.Violation, error)
	// Release lets go of every file of the store, also of one that an engine
	// forgot to close.
	Release() error
}

// Checker brings crash states to life on a file system of the kernel and has
// them judged. It is used by one goroutine at a time; several work side by side.
type Checker struct {
	scratch *scratch
	judge   Judge
}

// NewChecker returns a checker of disks of size bytes.
func NewChecker(stage *Stage, kind FileSystem, size int64, judge Judge) (*Checker, error) {
	s, err := newScratch(stage, kind, size)
	if err != nil {
		return nil, err
	}
	return &Checker{s, judge}, nil
}

// Check judges the state of the disk that a power cut at position left. It
// returns the broken rule, or nil. An error means that there is no verdict.
func (c *Checker) Check(ctx context.Context, image *blocklog.Image, position int64) (broken *oracle.Violation, err error) {
	if refused, err := c.mount(image); err != nil {
		return nil, err
	} else if refused != nil {
		return &oracle.Violation{Rule: RuleMount, Detail: refused.Error()}, nil
	}
	broken, err = c.judge.Judge(ctx, filepath.Join(c.scratch.point, StoreName), position)
	if broken == nil && err == nil {
		if err := unix.Unmount(c.scratch.point, 0); err == nil {
			return nil, nil
		}
		// An engine that was closed well still holds a file.
	}
	return broken, errors.Join(err, c.judge.Release(), c.scratch.unmount())
}

// mount mounts image, and returns the kernel's error if that fails twice: what the
// kernel could not write to a disk before, of whose loop device ours has the number,
// may be told to our first mount.
func (c *Checker) mount(image *blocklog.Image) (refused, err error) {
	for range 2 {
		if err = c.scratch.load(image); err != nil {
			return nil, err
		}
		if refused = c.scratch.mount(); refused == nil {
			break
		}
	}
	return refused, nil
}

// Close releases the disk and the judge.
func (c *Checker) Close() error {
	return errors.Join(c.judge.Release(), c.scratch.close())
}

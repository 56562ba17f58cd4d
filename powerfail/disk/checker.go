package disk

import (
	"context"
	"errors"
	"path/filepath"

	"golang.org/x/sys/unix"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/oracle"
)

// Rules of this tier, beside those of the oracle: for a person's own program.
const (
	RuleCheck    oracle.Rule = "check"    // its check command ends well
	RuleReopen   oracle.Rule = "reopen"   // its reopening ends well on what a power cut left
	RuleWorkload oracle.Rule = "workload" // its workload ends well
)

// RefusedError says that the kernel does not mount the file system that a cut left. The
// cause lies in the file system or the disk, whose own metadata was torn. The error says
// nothing about the program under test.
type RefusedError struct{ Err error }

// Error implements error.
func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap returns the kernel's error.
func (e *RefusedError) Unwrap() error { return e.Err }

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

// checker mounts crash states as a file system of the kernel, and asks a judge about each.
// One goroutine at a time uses it. Several checkers work side by side.
type checker struct {
	scratch *scratch
	judge   Judge
}

// newChecker returns a checker of disks of size bytes.
func newChecker(stage *Stage, kind FileSystem, size int64, judge Judge) (*checker, error) {
	s, err := newScratch(stage, kind, size)
	if err != nil {
		return nil, err
	}
	return &checker{s, judge}, nil
}

// check judges the state of the disk that a power cut at position left. It
// returns the broken rule, or nil. An error means that there is no verdict; it is a
// [RefusedError] if the kernel does not mount that state.
func (c *checker) check(ctx context.Context, image *blocklog.Image, position int64) (broken *oracle.Violation, err error) {
	if err := c.scratch.load(image); err != nil {
		return nil, err
	}
	if err := c.scratch.mount(); err != nil {
		return nil, &RefusedError{err}
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

// Close releases the disk and the judge.
func (c *checker) Close() error {
	return errors.Join(c.judge.Release(), c.scratch.close())
}

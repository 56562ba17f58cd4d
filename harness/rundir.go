package harness

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// RunDir is a directory that one run at a time writes into.
type RunDir struct {
	Path   string
	Marker string   // the file that says that it holds a run
	Parts  []string // its folders
	Stores string   // where its stores are made
}

// Open makes the directory and its folders, or checks what is there, takes its lock
// until unlock is called, and removes what a cut run left half done. It returns a
// *UsageError if another run writes there, or it holds something else, or a run
// without resume.
func (d RunDir) Open(resume bool) (unlock func(), err error) {
	if err := d.check(resume); err != nil {
		return nil, err
	}
	for _, part := range d.Parts {
		if err := os.MkdirAll(filepath.Join(d.Path, part), 0o755); err != nil {
			return nil, outError(d.Path, err)
		}
	}
	lock, err := os.OpenFile(filepath.Join(d.Path, ".lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, outError(d.Path, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(usagef("--out %s: another run writes there now: wait for it, or give another directory", d.Path), lock.Close())
	}
	if err := d.removeLeftovers(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return func() { _ = lock.Close() }, nil // gives the lock back
}

// removeLeftovers removes stores and temporary files of a run that was cut. The
// lock is held, so nobody uses them.
func (d RunDir) removeLeftovers() error {
	patterns := []string{filepath.Join(d.Stores, "store-*"), filepath.Join(d.Path, ".tmp-*")}
	for _, part := range d.Parts {
		patterns = append(patterns, filepath.Join(d.Path, part, ".tmp-*"))
	}
	var errs []error
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		errs = append(errs, err)
		for _, p := range paths {
			errs = append(errs, os.RemoveAll(p))
		}
	}
	return errors.Join(errs...)
}

// check refuses a directory that holds something else.
func (d RunDir) check(resume bool) error {
	entries, err := os.ReadDir(d.Path)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(d.Path, 0o755); err != nil {
			return outError(d.Path, err)
		}
		return nil
	}
	if err != nil {
		return outError(d.Path, err)
	}
	isRun, foreign := false, ""
	for _, e := range entries {
		switch name := e.Name(); {
		case name == d.Marker:
			isRun = true
		case name == ".lock" || slices.Contains(d.Parts, name): // a run that was cut before its plan was there
		default:
			foreign = name
		}
	}
	switch {
	case isRun && !resume:
		return usagef("--out %s: holds a run already: add --resume to go on with it, or give another directory", d.Path)
	case !isRun && foreign != "":
		return usagef("--out %s: is not empty and holds no run (%s): give another directory", d.Path, foreign)
	}
	return nil
}

func outError(dir string, err error) error {
	return usagef("--out %s: %v: give a directory that can be written", dir, err)
}

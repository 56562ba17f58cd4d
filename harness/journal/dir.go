package journal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"lsmlab/harness/field"
)

// directory is a directory that one run at a time writes into.
type directory struct {
	path    string
	plan    string   // the file that says that the directory holds a run
	folders []string // for files of single cells
	stores  string   // where stores are made, which a run that is cut leaves behind
}

// open makes the directory and its folders, or checks what is there, takes its lock
// until unlock is called, and removes what a cut run left half done. Its error says
// that another run writes there, that the directory holds something else, or that it
// holds a run and resume is not asked for.
func (d directory) open(resume bool) (unlock func(), err error) {
	if err := d.check(resume); err != nil {
		return nil, err
	}
	for _, part := range d.folders {
		if err := os.MkdirAll(filepath.Join(d.path, part), 0o755); err != nil {
			return nil, NotWritable(d.path, err)
		}
	}
	lock, err := os.OpenFile(filepath.Join(d.path, ".lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, NotWritable(d.path, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(wrong("out", "%s: another run writes there now: wait for it, or give another directory", d.path), lock.Close())
	}
	if err := d.removeLeftovers(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return func() { _ = lock.Close() }, nil // gives the lock back
}

// removeLeftovers removes stores and temporary files of a run that was cut. The
// lock is held, so nobody uses them.
func (d directory) removeLeftovers() error {
	patterns := []string{filepath.Join(d.stores, "store-*"), filepath.Join(d.path, ".tmp-*")}
	for _, part := range d.folders {
		patterns = append(patterns, filepath.Join(d.path, part, ".tmp-*"))
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
func (d directory) check(resume bool) error {
	entries, err := os.ReadDir(d.path)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(d.path, 0o755); err != nil {
			return NotWritable(d.path, err)
		}
		return nil
	}
	if err != nil {
		return NotWritable(d.path, err)
	}
	isRun, foreign := false, ""
	for _, e := range entries {
		switch name := e.Name(); {
		case name == d.plan:
			isRun = true
		case name == ".lock" || slices.Contains(d.folders, name): // of a run that was cut before its plan was written
		default:
			foreign = name
		}
	}
	switch {
	case isRun && !resume:
		return wrong("resume", "is not given, and %s holds a run already: give it to go on with that run, or give another directory", d.path)
	case !isRun && foreign != "":
		return wrong("out", "%s: is not empty and holds no run (%s): give another directory", d.path, foreign)
	}
	return nil
}

// wrong says what is wrong with the directory that is asked for ("out"), or with going on
// with the run there ("resume").
func wrong(name, format string, args ...any) error { return field.Wrong("run", name, format, args...) }

// NotWritable says that the directory of a run cannot be written.
func NotWritable(dir string, err error) error {
	return wrong("out", "%s: %w: give a directory that can be written", dir, err)
}

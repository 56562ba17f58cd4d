package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/subject"
)

// Marks of a recording, beside those of the workload.
const (
	markStart = "start" // the file system is made and flushed, the store's directory empty
	markEnd   = "end"   // the workload ended
)

// StoreName is the directory of the store in a recorded file system, and in the
// state of a finding.
const StoreName = "store"

// Source is what is recorded, and how.
type Source struct {
	FileSystem FileSystem
	Size       int64    // of the disk, in bytes
	Server     []string // command that calls [Serve], to which arguments are appended: see [Served]
	Workload   Workload
	Busy       bool   // a neighbour uses the file system too: see [neighbour]
	Fail       Fault  // what fails; the zero value is nothing
	Seed       uint64 // of what the neighbour does

	// Base is the disk to begin with, with what a power cut left; nil: a new file
	// system, with an empty directory for the store.
	Base *blocklog.Image
	// Before are the marks of the runs before that cut, in order.
	Before []string
}

// Workload writes into the directory of a place.
type Workload func(ctx context.Context, p Place) error

// Place is where a workload runs and whom it tells.
type Place struct {
	Stage *Stage
	Dir   string
	// Mark ties a text to the present position of the block log: what must survive
	// from now on, say.
	Mark func(text string) error
	// Started is called with the process group of the workload.
	Started func(pid int)
	// Command makes the processes of the workload; nil: those of the stage.
	Command func(ctx context.Context, argv ...string) *exec.Cmd
}

// Record runs the workload on a new file system and writes the block log of its
// disk to the file log. If ctx ends, the workload is killed.
func Record(ctx context.Context, stage *Stage, s Source, log string) (err error) {
	if s.Size < s.FileSystem.MinSize {
		return fmt.Errorf("disk of %d bytes: %s needs %d", s.Size, s.FileSystem.Name, s.FileSystem.MinSize)
	}
	r, err := startRecorder(stage, s, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	dir := filepath.Join(r.mounted, StoreName)
	if s.Base == nil {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	if err := s.Fail.fill(r.mounted); err != nil {
		return err
	}
	if err := control(r.mounted, os.O_RDONLY, unix.Syncfs); err != nil {
		return err
	}
	for _, text := range s.Before {
		if err := r.Mark(text); err != nil {
			return err
		}
	}
	eye := surveyor{dir: dir, mapped: s.FileSystem.mapped, seen: map[extent]bool{}, sizes: map[string]int64{}}
	mark := func(text string) error {
		if err := r.Mark(text); err != nil {
			return err
		}
		found, err := eye.look()
		for _, text := range found {
			err = errors.Join(err, r.Mark(text))
		}
		return err
	}
	if err := mark(markStart); err != nil {
		return err
	}
	guarded, cancel := r.Guard(ctx)
	defer cancel()
	n := neighbour{mounted: r.mounted, seed: s.Seed}
	if s.Busy {
		n.begin()
	}
	err = s.Workload(guarded, Place{Stage: stage, Dir: dir, Mark: mark, Started: n.meet})
	n.end()
	if err != nil {
		return err
	}
	return mark(markEnd)
}

// Worker is the workload of a process that prints lines such as "begin 3" and "ack 3". After
// each line the process waits until it has read a byte. So it does nothing between the
// line and the mark of the line. The directory is appended to argv.
func Worker(argv []string) Workload {
	return func(ctx context.Context, p Place) error {
		cmd := p.command(ctx, append(argv[:len(argv):len(argv)], p.Dir)...)
		in, err := cmd.StdinPipe()
		if err != nil {
			return err
		}
		return runWorker(ctx, cmd, p.Started, func(line string) error {
			if !toldOfWrite(line) {
				return nil // an engine that prints
			}
			if err := p.Mark(line); err != nil {
				return err
			}
			_, err := in.Write([]byte{'\n'})
			return err
		})
	}
}

// The beginnings of the marks of a workload. The ID follows.
const (
	beginPrefix = program.BeginMark
	ackPrefix   = program.AckMark
	abortPrefix = program.AbortMark
)

// toldOfWrite says whether the text is of a write that a worker told of.
func toldOfWrite(text string) bool {
	return strings.HasPrefix(text, beginPrefix) || strings.HasPrefix(text, ackPrefix) || strings.HasPrefix(text, abortPrefix)
}

// EndedError says that a worker did not end well.
type EndedError struct {
	Status error  // of the process
	Said   string // the end of its standard error
}

// Error implements error.
func (e *EndedError) Error() string {
	return fmt.Sprintf("the workload failed: %v: %s", e.Status, e.Said)
}

// Unwrap returns the status.
func (e *EndedError) Unwrap() error { return e.Status }

// runWorker runs cmd, which must end well, and hands each line that it prints to
// take. Nothing of its process group is left.
func runWorker(ctx context.Context, cmd *exec.Cmd, started func(pid int), take func(line string) error) error {
	var trouble subject.Tail
	var failed error
	said := subject.Lines{Take: func(line string) {
		if failed != nil {
			return
		}
		if failed = take(line); failed != nil {
			_ = cmd.Cancel() // it may wait for an answer that never comes
		}
	}}
	cmd.Stdout, cmd.Stderr = &said, &trouble
	if err := cmd.Start(); err != nil {
		return err
	}
	started(cmd.Process.Pid)
	err := cmd.Wait()
	_ = cmd.Cancel() // what it started, if anything
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case failed != nil:
		return failed
	case err != nil:
		return &EndedError{err, trouble.String()}
	}
	return nil
}

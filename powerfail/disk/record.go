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

	"lsmlab/powerfail/subject"
)

// Marks of a recording, beside those of the workload.
const (
	MarkStart = "start" // the file system is made and flushed, the store's directory empty
	MarkEnd   = "end"   // the workload ended
)

// StoreName is the directory of the store in a recorded file system, and in the
// state of a finding.
const StoreName = "store"

// Source is what is recorded, and how.
type Source struct {
	FileSystem FileSystem
	Size       int64    // of the disk, in bytes
	Server     []string // command that calls [Serve] with the three arguments appended
	Workload   Workload
}

// Workload writes into dir, which is empty at first. What must survive from now
// on it says by mark, which ties the text to a position of the block log.
type Workload func(ctx context.Context, stage *Stage, dir string, mark func(text string) error) error

// Record runs the workload on a new file system and writes the block log of its
// disk to the file log. If ctx ends, the workload is killed.
func Record(ctx context.Context, stage *Stage, s Source, log string) (err error) {
	if s.Size < s.FileSystem.MinSize {
		return fmt.Errorf("disk of %d bytes: %s needs %d", s.Size, s.FileSystem.Name, s.FileSystem.MinSize)
	}
	r, err := startRecorder(stage, s.Server, s.FileSystem, s.Size, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	dir := filepath.Join(r.mounted, StoreName)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := control(r.mounted, os.O_RDONLY, unix.Syncfs); err != nil {
		return err
	}
	eye := surveyor{dir: dir, seen: map[extent]bool{}}
	mark := func(text string) error {
		if err := r.mark(text); err != nil || !s.FileSystem.mapped {
			return err
		}
		found, err := eye.look()
		for _, e := range found {
			err = errors.Join(err, r.mark(e.String()))
		}
		return err
	}
	if err := mark(MarkStart); err != nil {
		return err
	}
	guarded, cancel := r.guard(ctx)
	defer cancel()
	if err := s.Workload(guarded, stage, dir, mark); err != nil {
		return err
	}
	return mark(MarkEnd)
}

// Worker is the workload of a process that prints lines such as "begin 3" and
// "ack 3", and goes on when it has read a byte for each, so that nothing of its
// own happens between what it said and the mark. The directory is appended to
// argv.
func Worker(argv []string) Workload {
	return func(ctx context.Context, stage *Stage, dir string, mark func(string) error) error {
		cmd := stage.command(ctx, append(argv[:len(argv):len(argv)], dir)...)
		in, err := cmd.StdinPipe()
		if err != nil {
			return err
		}
		return runWorker(ctx, cmd, func(line string) error {
			if !strings.HasPrefix(line, beginPrefix) && !strings.HasPrefix(line, ackPrefix) {
				return nil // an engine that prints
			}
			if err := mark(line); err != nil {
				return err
			}
			_, err := in.Write([]byte{'\n'})
			return err
		})
	}
}

// Own is the workload of a person's own program. How it ended is left in life, which
// is not to be looked at before the recording has.
func Own(p subject.Program, life *subject.Life) Workload {
	return func(ctx context.Context, stage *Stage, dir string, mark func(string) error) error {
		p.Command = stage.command
		l, err := p.RunWorkload(ctx, dir, func(a subject.Ack) error { return mark(ackPrefix + a.ID) })
		*life = *l
		return err
	}
}

// What the marks of a workload begin with; the ID follows.
const (
	beginPrefix = "begin "
	ackPrefix   = "ack "
)

// runWorker runs cmd, which must end well, and hands each line that it prints to
// take. Nothing of its process group is left.
func runWorker(ctx context.Context, cmd *exec.Cmd, take func(line string) error) error {
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
	err := cmd.Wait()
	_ = cmd.Cancel() // what it started, if anything
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case failed != nil:
		return failed
	case err != nil:
		return fmt.Errorf("the workload failed: %w: %s", err, trouble.String())
	}
	return nil
}

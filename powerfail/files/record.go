package files

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"unicode"

	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/subject"
)

// Source is what is recorded, and how.
type Source struct {
	Server []string // command that calls [Serve] with the four arguments appended
	// Watched is the command that calls [Watched] with a command line appended; nil: calls
	// of sync(2) and syncfs(2) are not seen.
	Watched []string
	Fault   Fault
	// Fill puts into a directory what is there at first, and is durable. Nil: nothing.
	Fill func(dir string) error
	// Marks are what was said before the recording began, in order: ack and begin.
	Marks []string
	Run   Run
}

// Run runs a program at a place.
type Run func(ctx context.Context, p Place) error

// Place is where a program runs and whom it tells.
type Place struct {
	Stage *disk.Stage
	Dir   string
	// Mark ties a text to the present position of the log: what must survive from now
	// on, say.
	Mark func(text string) error
	// Command makes a process whose calls of sync(2) are seen. It can be used once.
	Command func(ctx context.Context, argv ...string) *exec.Cmd
}

// Record runs a program on a recorded directory and writes the log to the file log.
// If ctx ends, the program is killed.
func Record(ctx context.Context, stage *disk.Stage, s Source, log string) (err error) {
	fill := func(dir string) error {
		if s.Fill == nil {
			return nil
		}
		return s.Fill(dir)
	}
	served, err := startServer(stage, s.Server, s.Fault, log, fill)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, served.close()) }()
	mark := func(text string) error {
		_, err := served.mark(clean(text))
		return err
	}
	for _, text := range append(s.Marks[:len(s.Marks):len(s.Marks)], MarkStart) {
		if err := mark(text); err != nil {
			return err
		}
	}
	guarded, cancel := served.guard(ctx)
	defer cancel()
	place := Place{Stage: stage, Dir: served.served, Mark: mark, Command: stage.Command}
	if s.Watched != nil {
		w, err := newWatcher(s.Watched, served.syncAll)
		if err != nil {
			return err
		}
		place.Command = w.command(stage.Command)
		defer func() { err = errors.Join(err, w.close()) }()
	}
	if err := s.Run(guarded, place); err != nil {
		return err
	}
	return mark(MarkEnd)
}

// clean keeps a mark on one line.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// Own runs a person's own program: its workload, or, if reopen is set, its reopening
// with acked on standard input. How it ended is left in life.
func Own(p subject.Program, reopen bool, acked []string, life *subject.Life) Run {
	return func(ctx context.Context, at Place) error {
		p.Command = at.Command
		onAck := func(a subject.Ack) error { return at.Mark(ackPrefix + a.ID) }
		run := p.RunWorkload
		if reopen {
			run = func(ctx context.Context, dir string, onAck subject.OnAck) (*subject.Life, error) {
				return p.RunReopen(ctx, dir, acked, onAck)
			}
		}
		l, err := run(ctx, at.Dir, onAck)
		*life = *l
		return err
	}
}

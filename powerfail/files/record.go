package files

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/subject"
)

// Source is what is recorded, and how.
type Source struct {
	Server []string // command that calls [Serve] with the four arguments appended
	Fault  Fault
	// Fill puts into a directory what is there at first, and is durable. Nil: nothing.
	Fill func(dir string) error
	// Marks are what was said before the recording began, in order: ack and begin.
	Marks []string
	// Run runs the program in dir. What must survive from now on it says by mark,
	// which ties the text to a position of the log.
	Run func(ctx context.Context, stage *disk.Stage, dir string, mark func(text string) error) error
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
	if err := s.Run(guarded, stage, served.served, mark); err != nil {
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
func Own(p subject.Program, reopen bool, acked []string, life *subject.Life) func(context.Context, *disk.Stage, string, func(string) error) error {
	return func(ctx context.Context, stage *disk.Stage, dir string, mark func(string) error) error {
		p.Command = stage.Command
		onAck := func(a subject.Ack) error { return mark(ackPrefix + a.ID) }
		run := p.RunWorkload
		if reopen {
			run = func(ctx context.Context, dir string, onAck subject.OnAck) (*subject.Life, error) {
				return p.RunReopen(ctx, dir, acked, onAck)
			}
		}
		l, err := run(ctx, dir, onAck)
		*life = *l
		return err
	}
}

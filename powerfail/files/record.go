package files

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"lsmlab/powerfail/disk"
)

// Source is what is recorded, and how.
type Source struct {
	Server []string // command that calls [Serve] with the four arguments appended
	// Watched is the command that calls [Watched] with a command line appended; nil: calls
	// of sync(2) and syncfs(2) are not seen.
	Watched []string
	Fault   disk.Fault
	// Fill writes the files into a directory that are durable at the beginning. Nil stands for
	// an empty directory.
	Fill func(dir string) error
	// Marks are the begin and ack marks of all earlier runs, in order.
	Marks    []string
	Workload disk.Workload
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
	mark := func(text string) error { return served.Mark(clean(text)) }
	for _, text := range append(s.Marks[:len(s.Marks):len(s.Marks)], markStart) {
		if err := mark(text); err != nil {
			return err
		}
	}
	guarded, cancel := served.Guard(ctx)
	defer cancel()
	place := disk.Place{Stage: stage, Dir: served.served, Mark: mark, Started: func(int) {}}
	if s.Watched != nil {
		w, err := newWatcher(s.Watched, served.syncAll)
		if err != nil {
			return err
		}
		place.Command = w.command(stage.Command)
		defer func() { err = errors.Join(err, w.close()) }()
	}
	if err := s.Workload(guarded, place); err != nil {
		return err
	}
	return mark(markEnd)
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

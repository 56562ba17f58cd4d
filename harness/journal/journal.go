package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// Kind says what runs of one kind keep. P is their plan.
type Kind[P Plan[P], L Line] struct {
	Plan    string // name of the file of the plan
	Lines   string // name of the file of lines
	Folders []string
	// Read and Write are the forms of the plan's file. Read returns an error that is
	// os.ErrNotExist if a directory has none.
	Read  func(dir string) (P, error)
	Write func(dir string, plan P) error
}

// Plan is what was asked for.
type Plan[P any] interface {
	// Difference returns the first field in which two plans ask for different work.
	Difference(other P) (field string, mine, theirs any, differs bool)
}

// Journal is a run that is open for writing. It is not safe for concurrent use.
type Journal[L Line] struct {
	// Warnings say what was left out of the lines that were there.
	Warnings []string

	path   string
	last   map[string]L // the last line of each cell
	lines  *Lines[L]
	unlock func()
}

// Open begins a run in a directory, which is made if it is missing, or with resume goes
// on with the one that is there, whose plan must ask for the same. What a cut run left
// half done is removed: temporary files, and all of stores/store-*, where stores are
// made. [Journal.Close] must follow.
func (k Kind[P, L]) Open(dir, stores string, plan P, resume bool) (*Journal[L], error) {
	unlock, err := directory{path: dir, plan: k.Plan, folders: k.Folders, stores: stores}.open(resume)
	if err != nil {
		return nil, err
	}
	j := &Journal[L]{path: filepath.Join(dir, k.Lines), last: map[string]L{}, unlock: unlock}
	if err := k.holdTo(dir, plan); err != nil {
		unlock()
		return nil, err
	}
	if err := j.read(); err != nil {
		unlock()
		return nil, err
	}
	return j, nil
}

// holdTo writes the plan of a new run, or checks that it asks for the same as that of
// the run that is there.
func (k Kind[P, L]) holdTo(dir string, plan P) error {
	old, err := k.Read(dir)
	if errors.Is(err, os.ErrNotExist) {
		if err := k.Write(dir, plan); err != nil {
			return NotWritable(dir, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if name, mine, theirs, differs := plan.Difference(old); differs {
		return wrong("resume", "cannot go on with %s, which was made by another plan: %s is %v there and %v here: ask for the same, or give another directory", dir, name, theirs, mine)
	}
	return nil
}

// read reads the lines that are there and opens their file for more.
func (j *Journal[L]) read() error {
	lines, warnings, err := ReadLines[L](j.path)
	if err != nil {
		return err
	}
	j.Warnings = warnings
	for _, l := range lines {
		id, _ := l.Key()
		j.last[id] = l
	}
	j.lines, err = OpenLines[L](j.path)
	return err
}

// Close gives the directory back.
func (j *Journal[L]) Close() error {
	err := j.lines.Close()
	j.unlock()
	return err
}

// Append adds the line of a cell that has ended, whose files are in place. The line is
// on disk when Append returns.
func (j *Journal[L]) Append(line L) error {
	if err := j.lines.Append(line); err != nil {
		return err
	}
	id, _ := line.Key()
	j.last[id] = line
	return nil
}

// Done says whether all of the cells have ended and none of them failed.
func (j *Journal[L]) Done(ids ...string) bool {
	for _, id := range ids {
		if l, ok := j.Last(id); !ok || l.Failed() {
			return false
		}
	}
	return true
}

// Last returns the last line of a cell, and whether there is one.
func (j *Journal[L]) Last(id string) (line L, ok bool) {
	line, ok = j.last[id]
	return line, ok
}

// Sound returns how many cells have ended and did not fail.
func (j *Journal[L]) Sound() (n int) {
	for _, l := range j.last {
		if !l.Failed() {
			n++
		}
	}
	return n
}

// All returns the last line of each cell, in the order in which the cells first ended.
func (j *Journal[L]) All() ([]L, error) {
	lines, _, err := ReadLines[L](j.path)
	return lines, err
}

// Task is a part of a run that is done as a whole.
type Task[L Line] struct {
	IDs []string // of its cells
	// Run returns the line of every cell. Its error ends the run.
	Run func(ctx context.Context) ([]L, error)
}

// Run runs the tasks whose cells are not done, in order, and appends their lines. It
// calls ended after each task; an error of ended, too, ends the run. When ctx ends, Run
// returns its error.
func (j *Journal[L]) Run(ctx context.Context, tasks []Task[L], ended func([]L) error) error {
	for _, t := range tasks {
		if j.Done(t.IDs...) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		lines, err := t.Run(ctx)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := j.Append(l); err != nil {
				return err
			}
		}
		if err := ended(lines); err != nil {
			return err
		}
	}
	return nil
}

// ResumeCommand returns the command line that goes on with the run of a command line.
func ResumeCommand(command string) string {
	if strings.Contains(command+" ", " --resume ") {
		return command
	}
	return command + " --resume"
}

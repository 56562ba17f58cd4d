package subject

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Exit statuses of sh for a command that was not run at all. From shellSignal on, the
// status tells which signal ended the command.
const (
	shellCannotRun = 126
	shellNotFound  = 127
	shellSignal    = 128
)

// Failure is how a command failed.
type Failure struct {
	How    string // "exit status 3", "signal: killed", "no end within 1m0s"
	Output string // the end of what it printed on either stream
	status int
}

// Headline is the failure in one line: the last line that the command printed, which
// for most programs says what went wrong, and how the command ended.
func (f *Failure) Headline() string {
	last := f.Output
	if i := strings.LastIndexByte(last, '\n'); i >= 0 {
		last = last[i+1:]
	}
	if last = strings.TrimSpace(last); last == "" {
		return f.How
	}
	return last + " (" + f.How + ")"
}

// exited says whether the command ended by itself with a status that means failure. It
// is false if a signal or a time limit ended the command.
func (f *Failure) exited() bool { return f.status > 0 && f.status <= shellSignal }

// Wrong returns how the run failed, or nil if it did not. If an operation was made to
// fail during the run, the program may end with an error of its own: that is not a
// failure.
func (r *Run) Wrong(madeToFail bool) *Failure {
	if r.Failed != nil && madeToFail && r.Failed.exited() {
		return nil
	}
	return r.Failed
}

// notRun says whether sh found no command to run.
func (f *Failure) notRun() bool { return f.status == shellCannotRun || f.status == shellNotFound }

// call is one run of a command.
type call struct {
	command    string
	limit, def time.Duration
}

// ended says how a command ended whose process Wait returned status.
func (c *call) ended(ctx, limited context.Context, cmd *exec.Cmd, status error, said string) (*Failure, error) {
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case status == nil:
		return nil, nil
	case limited.Err() != nil:
		return &Failure{How: fmt.Sprintf("no end within %v", c.limit), Output: said}, nil
	case errors.Is(status, exec.ErrWaitDelay):
		return nil, nil // the command succeeded; a process that it left behind still held its output
	case !errors.As(status, &exit):
		return nil, status
	}
	f := &Failure{How: exit.Error(), Output: said, status: cmd.ProcessState.ExitCode()}
	if f.notRun() {
		return f, fmt.Errorf("the command %q can't be run: %s", c.command, said)
	}
	if name := unix.SignalName(syscall.Signal(f.status - shellSignal)); f.status > shellSignal && name != "" {
		f.How += ", " + name
	}
	return f, nil
}

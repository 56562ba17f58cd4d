package subject

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// How long a command may take, unless the Program says otherwise. A command that takes
// longer hangs, which is a failure.
const (
	DefaultWorkloadLimit = 10 * time.Minute
	DefaultCheckLimit    = time.Minute
)

// ErrKill is what an [OnAck] returns to have the program killed at this
// acknowledgement.
var ErrKill = errors.New("kill the program here")

// OnAck is called with each acknowledgement when its line is read, one at a time. If it
// returns [ErrKill], the whole program gets SIGKILL at once, and later acknowledgements
// do not count. Any other error does the same, and the run returns it.
type OnAck func(Ack) error

// Ack is a promise of the program: what ID names survives from now on.
type Ack struct {
	ID      string  `json:"id"`
	Seconds float64 `json:"seconds"` // since the command began
}

// Program is a person's own program. Its methods do not change it, so they may run
// concurrently.
type Program struct {
	Workload string `json:"workload"`
	Check    string `json:"check"`
	Reopen   string `json:"reopen,omitempty"`

	// WorkloadLimit is the limit of workload and reopen, CheckLimit that of the check.
	// 0 stands for the default.
	WorkloadLimit time.Duration `json:"-"`
	CheckLimit    time.Duration `json:"-"`
	// Command makes the process for argv. Its Cancel must kill the process and
	// everything that it started, as with [Command]. nil stands for [Command].
	Command func(ctx context.Context, argv ...string) *exec.Cmd `json:"-"`
	// Started, if not nil, is called with the process group of each workload and
	// reopening.
	Started func(pid int) `json:"-"`
}

// Run is one run of the workload or the reopening.
type Run struct {
	Acks    []Ack
	Killed  bool     // at an acknowledgement, because the caller asked for it
	Failed  *Failure // how it failed; nil if it succeeded or was Killed
	Output  string   // the end of what it printed on either stream, without acknowledgements
	Seconds float64
}

// RunWorkload runs the workload in dir. The error is that of onAck or of ctx, or says
// that the workload could not be run at all. What the program itself does wrong is in
// the Run, which is never nil.
func (p *Program) RunWorkload(ctx context.Context, dir string, onAck OnAck) (*Run, error) {
	return p.live(ctx, p.Workload, dir, nil, onAck)
}

// RunReopen runs the reopening in dir, on what a crash left. acked are the IDs that
// were acknowledged before the crash. Otherwise it is like RunWorkload.
func (p *Program) RunReopen(ctx context.Context, dir string, acked []string, onAck OnAck) (*Run, error) {
	return p.live(ctx, p.Reopen, dir, acked, onAck)
}

// RunCheck runs the check in dir, where everything in acked must be found. It returns
// nil if all is well. An error means that there is no verdict.
func (p *Program) RunCheck(ctx context.Context, dir string, acked []string) (*Failure, error) {
	c := call{limit: p.CheckLimit, def: DefaultCheckLimit}
	var said Tail
	cmd, limited, cancel := p.start(ctx, &c, p.Check, dir, acked)
	defer cancel()
	cmd.Stdout, cmd.Stderr = &said, &said
	return c.ended(ctx, limited, cmd, cmd.Run(), said.String())
}

func (p *Program) live(ctx context.Context, command, dir string, acked []string, onAck OnAck) (*Run, error) {
	c := call{limit: p.WorkloadLimit, def: DefaultWorkloadLimit}
	cmd, limited, cancel := p.start(ctx, &c, command, dir, acked)
	defer cancel()
	l := &listener{onAck: onAck, began: time.Now(), stop: func() { _ = cmd.Cancel() }}
	lines := Lines{Take: l.take}
	cmd.Stdout, cmd.Stderr = &lines, &l.said
	if err := cmd.Start(); err != nil {
		return &Run{}, err
	}
	if p.Started != nil {
		p.Started(cmd.Process.Pid)
	}
	status := cmd.Wait()
	_ = cmd.Cancel() // what it started and left, if anything
	if status == nil {
		lines.End() // of a program that was cut off, the last line may be half of one
	}
	run := &Run{Acks: l.acks, Output: l.said.String(), Seconds: time.Since(l.began).Seconds()}
	switch {
	case errors.Is(l.err, ErrKill):
		run.Killed = true
		return run, ctx.Err()
	case l.err != nil && ctx.Err() == nil:
		return run, l.err
	}
	var err error
	run.Failed, err = c.ended(ctx, limited, cmd, status, run.Output)
	if run.Failed != nil && len(l.acks) > 0 {
		err = nil // it ran, and a command that it needs later did not
	}
	return run, err
}

// start returns the process of a shell command that has dir as its last argument
// and acked on its standard input, with the context that ends it.
func (p *Program) start(ctx context.Context, c *call, command, dir string, acked []string) (*exec.Cmd, context.Context, context.CancelFunc) {
	if c.limit == 0 {
		c.limit = c.def
	}
	c.command = command
	limited, cancel := context.WithTimeout(ctx, c.limit)
	launch := p.Command
	if launch == nil {
		launch = Command
	}
	cmd := launch(limited, "sh", "-c", command+` "$@"`, "sh", dir)
	if len(acked) > 0 {
		cmd.Stdin = strings.NewReader(strings.Join(acked, "\n") + "\n")
	}
	return cmd, limited, cancel
}

// Command returns a process in a group of its own, so that Ctrl-C is for this
// process to act on, which is killed as a group when ctx ends.
func Command(ctx context.Context, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	return cmd
}

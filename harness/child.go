package harness

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"lsmlab/harness/cgroup"
	"lsmlab/harness/result"
)

// A message is one line that a cell's process writes to its standard output. It is
// progress, or, at the end, the cells, or an error, or the notice that the store is
// filled and that the process is about to kill itself. The process reads its [CellSpec]
// from standard input. Its standard error is kept if it fails.
type message struct {
	Phase  string        `json:"phase,omitempty"`
	Done   float64       `json:"done,omitempty"`
	Cells  []result.Cell `json:"cells,omitempty"`
	Filled bool          `json:"filled,omitempty"`
	Error  string        `json:"error,omitempty"`
}

// ServeCell runs in the process of a cell. It implements the hidden command `lsmlab
// cell`.
func ServeCell(ctx context.Context, cat Catalog, stdin io.Reader, stdout io.Writer) error {
	var spec CellSpec
	d := json.NewDecoder(stdin)
	d.DisallowUnknownFields()
	if err := d.Decode(&spec); err != nil {
		return usagef("cell: standard input is not a cell spec: %w; this command is run by `lsmlab bench`", err)
	}
	var mu sync.Mutex
	out := json.NewEncoder(stdout)
	var told time.Time
	say := func(phase string, done float64) {
		mu.Lock()
		defer mu.Unlock()
		if done == 0 || time.Since(told) > time.Second/4 {
			told = time.Now()
			_ = out.Encode(message{Phase: phase, Done: done}) // if the parent is gone, this process is killed anyway
		}
	}
	var cells []result.Cell
	var err error
	if spec.FillAndDie {
		err = fillStore(ctx, cat, spec, say)
	} else {
		cells, err = runCell(ctx, cat, spec, say)
	}
	mu.Lock()
	defer mu.Unlock()
	switch {
	case err != nil:
		return out.Encode(message{Error: err.Error()})
	case spec.FillAndDie:
		if err := out.Encode(message{Filled: true}); err != nil {
			return err
		}
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return out.Encode(message{Cells: cells})
}

// errCell is the error of a cell that failed. Other cells go on.
type errCell struct {
	text   string
	stderr string
}

func (e *errCell) Error() string { return e.text }

// child runs one cell in a process of its own.
type child struct {
	command []string // that serves a cell
	env     []string // beside that of this process
	spec    CellSpec
	report  func(message)
}

// RunCellProcess runs one cell in a separate process, as a run does with each of its
// cells. The workload of the cell must not be a sequence. env is added to the
// environment of this process. The error is that of ctx, or says why the cell failed.
func RunCellProcess(ctx context.Context, command, env []string, spec CellSpec) (result.Cell, error) {
	cells, err := child{command: command, env: env, spec: spec, report: func(message) {}}.run(ctx)
	if err != nil {
		return result.Cell{}, err
	}
	return cells[0], nil
}

// killDelay is the time between the request for a process's stacks and its end.
const killDelay = 2 * time.Second

// run returns the cells; there are none if the process had to fill a store and die. The
// error is an *errCell if the process crashed, hung or reported an error, or else that
// of ctx. When run returns, no process of the child's group is left.
func (c child) run(ctx context.Context) ([]result.Cell, error) {
	in, err := json.Marshal(c.spec)
	if err != nil {
		return nil, err
	}
	// Pdeathsig is tied to the thread that starts the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	limit, cancel := context.WithTimeout(ctx, time.Duration(c.spec.Timeout))
	defer cancel()
	cmd := exec.Command(c.command[0], c.command[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Env = append(os.Environ(), c.env...)
	stderr := &HeadTail{}
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a cell's process: %w", err)
	}
	group := -cmd.Process.Pid
	unlimit, err := c.limit(cmd.Process.Pid)
	if err != nil {
		_ = syscall.Kill(group, syscall.SIGKILL)
		_ = cmd.Wait() // it was killed
		return nil, err
	}
	defer unlimit()
	// The process does nothing before it has its spec. If it ends first, its error tells.
	go func() { _, _ = stdin.Write(in); _ = stdin.Close() }()
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { stopOnDone(ctx, limit, group, ended) })
	last, readErr := c.read(stdout)
	if readErr != io.EOF {
		_ = syscall.Kill(group, syscall.SIGKILL) // without a reader, the process would wait for ever
	}
	waitErr := cmd.Wait()
	close(ended)
	watch.Wait()
	_ = syscall.Kill(group, syscall.SIGKILL) // ends processes that an engine may have started
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limit.Err() != nil:
		return nil, &errCell{fmt.Sprintf("no result after %v (cell_timeout)", time.Duration(c.spec.Timeout)), stderr.String()}
	case last.Error != "":
		return nil, &errCell{last.Error, stderr.String()}
	case c.spec.FillAndDie && last.Filled:
		return nil, nil
	case waitErr != nil:
		text := crashText(waitErr, stderr.String())
		if c.spec.Memory > 0 {
			text += fmt.Sprintf(" (memory is limited to %d bytes)", c.spec.Memory)
		}
		return nil, &errCell{text, stderr.String()}
	case len(last.Cells) != 1+len(c.spec.Then):
		return nil, &errCell{fmt.Sprintf("the process ended without a result: %v", readErr), stderr.String()}
	}
	return last.Cells, nil
}

// limit puts a process that has just started into a control group with the limit of
// the spec, if that has one. unlimit removes the group; all processes in it must have been
// killed.
func (c child) limit(pid int) (unlimit func(), err error) {
	if c.spec.Memory == 0 {
		return func() {}, nil
	}
	g, err := limitedGroup(c.spec.Memory)
	if err != nil {
		return nil, err
	}
	unlimit = func() {
		if err := g.Remove(); err != nil {
			c.report(message{Phase: err.Error()})
		}
	}
	if err := g.Add(pid); err != nil {
		unlimit()
		return nil, err
	}
	return unlimit, nil
}

// limitedGroup makes a control group on this machine; limit is in bytes.
func limitedGroup(limit int64) (*cgroup.Group, error) {
	host, err := cgroup.Find("/proc/self")
	if err != nil {
		return nil, err
	}
	return host.New(limit)
}

// stopOnDone ends the process group when ctx ends. When limit ends, because the process
// took too long, it first makes the process write its stacks to standard error.
func stopOnDone(ctx, limit context.Context, group int, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-limit.Done():
	}
	if ctx.Err() == nil {
		_ = syscall.Kill(group, syscall.SIGQUIT)
		select {
		case <-ended:
			return
		case <-time.After(killDelay):
		}
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
}

// read passes progress on and returns the last message.
func (c child) read(stdout io.Reader) (last message, err error) {
	r := bufio.NewReader(stdout)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return last, err
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			return last, fmt.Errorf("line %.60q: %w", line, err)
		}
		last = m
		c.report(m)
	}
}

// crashText describes, in one line, a process that ended badly: the reason, and what
// the process said.
func crashText(err error, stderr string) string {
	text := "the process crashed: " + err.Error()
	for line := range strings.Lines(stderr) {
		for _, mark := range []string{"panic: ", "fatal error: ", "SIGSEGV", "runtime: out of memory", "unexpected fault"} {
			if strings.Contains(line, mark) {
				return text + ": " + strings.TrimSpace(line)
			}
		}
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ProcessState != nil {
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signal() == syscall.SIGKILL {
			return text + ": out of memory?"
		}
	}
	return text
}

// HeadTail keeps the beginning and the end of what is written to it: a Go crash gives
// its reason at the beginning. The zero value is ready for use. It is not safe for
// concurrent use.
type HeadTail struct {
	head, tail []byte
	cut        int
}

const headTailSize = 2 << 10 // bytes of each part

// Write implements [io.Writer]; it never fails.
func (h *HeadTail) Write(p []byte) (int, error) {
	n := len(p)
	take := min(headTailSize-len(h.head), len(p))
	h.head = append(h.head, p[:take]...)
	h.tail = append(h.tail, p[take:]...)
	if over := len(h.tail) - headTailSize; over > 0 {
		h.tail = append(h.tail[:0], h.tail[over:]...)
		h.cut += over
	}
	return n, nil
}

// Len returns how many bytes were written.
func (h *HeadTail) Len() int { return len(h.head) + len(h.tail) + h.cut }

// String returns what was kept, and how much was not.
func (h *HeadTail) String() string {
	if h.cut == 0 {
		return string(h.head) + string(h.tail)
	}
	return fmt.Sprintf("%s\n[%d bytes left out]\n%s", h.head, h.cut, h.tail)
}

// isNoSpaceText says whether the error of a cell's process means a full disk. Later
// cells would fail in the same way.
func isNoSpaceText(text string) bool {
	return strings.Contains(text, syscall.ENOSPC.Error()) || strings.Contains(text, syscall.EDQUOT.Error())
}

// Package served runs `lsmlab serve` as processes of their own, for studies of the service.
package served

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	readyLimit = time.Minute
	// pollEvery is how often a starting server is asked; a start is late by half of it on
	// average.
	pollEvery = 200 * time.Microsecond
)

// Server is a running server.
type Server struct {
	URL   string
	Admin string // URL of the admin address, "" if there is none
	cmd   *exec.Cmd
}

// Options say what is served, and how.
type Options struct {
	Engine, Dir string
	Admin       bool     // serve profiles and variables too
	Args        []string // further flags
	Env         []string // beside this process's own
}

// Start starts a server of this program and returns it once it
// is ready. Its error has what the server said. The caller ends the server.
func Start(ctx context.Context, o Options) (*Server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "--engine", o.Engine, "--data", o.Dir, "--addr", "127.0.0.1:0"}
	if o.Admin {
		args = append(args, "--admin-addr", "127.0.0.1:0")
	}
	cmd := exec.Command(program, append(args, o.Args...)...)
	cmd.Env = append(os.Environ(), o.Env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &Server{cmd: cmd}
	lines := bufio.NewReader(out)
	s.URL, err = address(lines)
	if err == nil && o.Admin {
		s.Admin, err = address(lines)
		s.Admin = "http://" + s.Admin
	}
	if err == nil {
		err = s.waitReady(ctx)
	}
	if err != nil {
		_ = s.End(syscall.SIGKILL) // what was wrong before counts
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return s, nil
}

// address reads a line that says where something is served.
func address(lines *bufio.Reader) (string, error) {
	line, err := lines.ReadString('\n')
	_, at, ok := strings.Cut(strings.TrimSpace(line), " at ")
	if err == nil && !ok {
		err = fmt.Errorf("the server said %q, want where it serves", line)
	}
	return at, err
}

// waitReady asks until the server says that it is ready.
func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for Get(ctx, s.URL+"/readyz") != nil {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready: %w", ctx.Err())
		}
	}
	return nil
}

// Get asks for a page and drops it. A status of an error is an error.
func Get(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	return do(r, err)
}

// Post is Get with a body.
func Post(ctx context.Context, url string, body io.Reader) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	return do(r, err)
}

func do(r *http.Request, err error) error {
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: %s", r.Method, r.URL.Path, answer.Status)
	}
	_, copyErr := io.Copy(io.Discard, answer.Body)
	return errors.Join(err, copyErr, answer.Body.Close())
}

// End signals the process and waits until it has ended. Its error is that of a process that
// was asked to end and failed.
func (s *Server) End(signal syscall.Signal) error {
	_ = s.cmd.Process.Signal(signal) // it may have ended
	if err := s.cmd.Wait(); err != nil && signal != syscall.SIGKILL {
		return err
	}
	return nil
}

// CPU returns the processor time that the process has used.
func (s *Server) CPU() (time.Duration, error) {
	const sched = 2 // CPUCLOCK_SCHED of <linux/posix-timers.h>: the clock of a process by its number
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^s.cmd.Process.Pid<<3|sched), &t); err != nil {
		return 0, fmt.Errorf("the processor time of the server: %w", err)
	}
	return time.Duration(t.Nano()), nil
}

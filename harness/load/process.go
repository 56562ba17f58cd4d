package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"lsmlab/harness"
	"lsmlab/harness/result"
)

// process is a program that runs beside this one and is killed when this one dies.
type process struct {
	cmd   *exec.Cmd
	said  harness.HeadTail // on standard error; complete once the process has ended
	ended chan struct{}
	err   error // of Wait, once the process has ended
}

// start starts a program with env added to this process's environment. The program has
// a process group of its own, so that Ctrl-C reaches only this process, which then ends
// the others in order.
func start(command, env []string, stdout io.Writer) (*process, error) {
	p := &process{cmd: exec.Command(command[0], command[1:]...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = stdout, &p.said
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		// Pdeathsig is tied to the thread that starts the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", command[0], err)
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop sends a signal that asks the process to end, and kills its group if it does not
// end within limit. It returns once the process has ended.
func (p *process) stop(sig syscall.Signal, limit time.Duration) (killed bool) {
	_ = syscall.Kill(p.pid(), sig)
	select {
	case <-p.ended:
	case <-time.After(limit):
		killed = true
	}
	_ = syscall.Kill(-p.pid(), syscall.SIGKILL) // including processes that it may have started
	<-p.ended
	return killed
}

// wait waits until the process has ended. When ctx ends, it asks the process to end.
func (p *process) wait(ctx context.Context, limit time.Duration) error {
	select {
	case <-p.ended:
		return p.err
	case <-ctx.Done():
		p.stop(syscall.SIGINT, limit)
		return ctx.Err()
	}
}

// Time limits of starting and stopping a server.
const (
	readyLimit = 2 * time.Minute
	stopLimit  = 30 * time.Second
)

// server is a running `lsmlab serve`.
type server struct {
	*process
	url string
}

// startServer starts a server of one engine on a store and waits until the server is
// ready.
func startServer(ctx context.Context, program []string, engine, store string, e result.Environment) (*server, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // the one line was read
	command := append(append([]string{}, program...), "serve", "--engine", engine, "--data", store, "--addr", "127.0.0.1:0", "--durability", e.Durability)
	p, err := start(command, limits(e), w)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	s := &server{process: p}
	first, err := bufio.NewReader(r).ReadString('\n') // the read ends with the process at the latest
	if _, url, ok := strings.Cut(strings.TrimSpace(first), " at "); err == nil && ok {
		s.url = url
		err = s.waitReady(ctx)
	} else {
		err = fmt.Errorf("the server said %q, want where it serves", first)
	}
	if err == nil {
		return s, nil
	}
	s.stop(syscall.SIGTERM, stopLimit)
	return nil, s.failure(err)
}

// waitReady returns once /readyz no longer refuses.
func (s *server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close() // the status is enough
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready after %v: %w", readyLimit, ctx.Err())
		case <-s.ended:
			return fmt.Errorf("the server ended before it was ready: %v", s.err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// failure returns the failure of a cell, with what the server printed. The server must
// have ended.
func (s *server) failure(err error) error {
	return &failure{err.Error(), "server: " + strings.TrimSpace(s.said.String())}
}

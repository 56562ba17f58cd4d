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

// process is a program that runs beside this one and dies with it.
type process struct {
	cmd   *exec.Cmd
	said  harness.HeadTail // on standard error, whole once it has ended
	ended chan struct{}
	err   error // of Wait, once it has ended
}

// start starts a program with env added to this one's environment. Its process
// group is its own, so that Ctrl-C reaches this program alone, which then ends
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

// stop asks the process to end by a signal, and kills its group if it does not
// within limit. It returns once the process has ended.
func (p *process) stop(sig syscall.Signal, limit time.Duration) (killed bool) {
	_ = syscall.Kill(p.pid(), sig)
	select {
	case <-p.ended:
	case <-time.After(limit):
		killed = true
	}
	_ = syscall.Kill(-p.pid(), syscall.SIGKILL) // and what it may have started
	<-p.ended
	return killed
}

// wait waits for the end of the process, or of ctx, at which it is asked to end.
func (p *process) wait(ctx context.Context, limit time.Duration) error {
	select {
	case <-p.ended:
		return p.err
	case <-ctx.Done():
		p.stop(syscall.SIGINT, limit)
		return ctx.Err()
	}
}

// Time limits of a server's life.
const (
	readyLimit = 2 * time.Minute
	stopLimit  = 30 * time.Second
)

// server is a running `lsmlab serve`.
type server struct {
	*process
	url string
}

// startServer starts a server of one engine on a store and waits until it is
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
	first, err := bufio.NewReader(r).ReadString('\n') // ends with the process at the latest
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

// waitReady returns once /readyz does not refuse any more.
func (s *server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close() // unread: the status says it
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

// failure is a cell's, with what the server said. Call it once it has ended.
func (s *server) failure(err error) error {
	return &failure{err.Error(), "server: " + strings.TrimSpace(s.said.String())}
}

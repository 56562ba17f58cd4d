// Package start times the start of a served store: from the start of the process to the
// first answer that says that the service is ready (kind "start"). Contenders are engines,
// each served by this program.
//
// The store is filled once, through a server, and every start finds a fresh copy of it.
// Making the copy, and ending the server that was ready, is charged to no start.
package start

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"lsmlab/harness/micro"
	"lsmlab/workloads"
)

// Works: what the store is when the server starts.
const (
	empty  = "empty"
	closed = "closed"
	killed = "killed"
)

// Kind returns engines as contenders of the kind "start". Keys of a job are those of the
// store.
func Kind() micro.Kind {
	return micro.Kind{
		Name: "start", About: "a served store, from the start of the process to the first answer that it is ready", Measure: micro.Loop(prepare),
		KeySize: 16, ValueSize: 100,
		Contenders: []micro.Contender{
			{Name: "lsm-bptree", Own: true, About: "served by lsmlab serve"},
			{Name: "lsm-skiplist", Own: true, About: "served by lsmlab serve"},
			{Name: "lsm-rbtree", Own: true, About: "served by lsmlab serve"},
			{Name: "pebble", Module: "github.com/cockroachdb/pebble/v2", About: "served by lsmlab serve"},
			{Name: "bbolt", Module: "go.etcd.io/bbolt", About: "served by lsmlab serve"},
		},
		Works: []micro.Work{
			{Name: empty, About: "no store yet"},
			{Name: closed, About: "a store that was closed"},
			{Name: killed, About: "a store whose server was killed after the last write was acknowledged"},
		},
	}
}

func prepare(ctx context.Context, j micro.Job) (*micro.Task, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	master := filepath.Join(j.Dir, "master")
	if err := os.Mkdir(master, 0o755); err != nil {
		return nil, err
	}
	if j.Work != empty {
		if err := fill(ctx, program, master, j); err != nil {
			return nil, errors.Join(fmt.Errorf("fill the store: %w", err), os.RemoveAll(master))
		}
	}
	threads := make([]*thread, j.Threads)
	t := &micro.Task{Thread: func(i int) (micro.Step, error) {
		threads[i] = &thread{master: master, store: filepath.Join(j.Dir, fmt.Sprintf("store-%d", i))}
		return func() (err error) {
			threads[i].server, err = startServer(ctx, program, j.Contender, threads[i].store)
			return err
		}, nil
	}}
	t.Between = func(i int) error { return threads[i].renew() }
	t.Close = func() error {
		errs := []error{os.RemoveAll(master)}
		for _, one := range threads {
			if one != nil {
				one.stop()
				errs = append(errs, os.RemoveAll(one.store))
			}
		}
		return errors.Join(errs...)
	}
	return t, nil
}

// thread is a store and the server that is ready on it, if one is.
type thread struct {
	master, store string
	server        *server
}

// renew ends the server and makes the store a copy of the master again.
func (t *thread) renew() error {
	t.stop()
	if err := os.RemoveAll(t.store); err != nil {
		return err
	}
	return os.CopyFS(t.store, os.DirFS(t.master))
}

func (t *thread) stop() {
	if t.server != nil {
		_ = t.server.end(syscall.SIGKILL) // which it cannot refuse
		t.server = nil
	}
}

const (
	batchSize  = 1000 // entries of a request that fills
	readyLimit = time.Minute
	// pollEvery is how often a starting server is asked; a start is late by half of it on
	// average.
	pollEvery = 200 * time.Microsecond
)

// fill writes every key through a server, which is then closed or killed.
func fill(ctx context.Context, program, dir string, j micro.Job) error {
	s, err := startServer(ctx, program, j.Contender, dir)
	if err != nil {
		return err
	}
	signal := syscall.SIGTERM
	if j.Work == killed {
		signal = syscall.SIGKILL
	}
	style := workloads.Keys{Style: workloads.DBBench, Size: j.KeySize}
	for first := int64(0); first < j.Keys && err == nil; first += batchSize {
		var body bytes.Buffer
		lines := json.NewEncoder(&body)
		for i := first; i < min(first+batchSize, j.Keys); i++ {
			value := workloads.AppendValue(nil, uint64(i), 1, j.ValueSize, 0)
			if err := lines.Encode(map[string][]byte{"key": style.Append(nil, uint64(i)), "value": value}); err != nil {
				return err
			}
		}
		err = s.post(ctx, "/batch", &body)
	}
	return errors.Join(err, s.end(signal))
}

// server is a running `lsmlab serve`.
type server struct {
	cmd *exec.Cmd
	url string
}

// startServer starts a server and returns it once it is ready.
func startServer(ctx context.Context, program, engine, dir string) (*server, error) {
	cmd := exec.Command(program, "serve", "--engine", engine, "--data", dir, "--addr", "127.0.0.1:0", "--durability", "buffered")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, url, ok := strings.Cut(strings.TrimSpace(line), " at ")
	if err == nil && !ok {
		err = fmt.Errorf("the server said %q, want where it serves", line)
	}
	if s.url = url; err == nil {
		err = s.waitReady(ctx)
	}
	if err != nil {
		_ = s.end(syscall.SIGKILL) // what was wrong before counts
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return s, nil
}

// waitReady asks until the server says that it is ready.
func (s *server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for s.get(ctx, "/readyz") != nil {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready: %w", ctx.Err())
		}
	}
	return nil
}

func (s *server) get(ctx context.Context, path string) error {
	return s.do(http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil))
}

func (s *server) post(ctx context.Context, path string, body *bytes.Buffer) error {
	return s.do(http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, body))
}

func (s *server) do(r *http.Request, err error) error {
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
	return errors.Join(err, answer.Body.Close())
}

// end signals the process and waits until it has ended. Its error is that of a process that
// was asked to end and failed.
func (s *server) end(signal syscall.Signal) error {
	_ = s.cmd.Process.Signal(signal) // it may have ended
	if err := s.cmd.Wait(); err != nil && signal != syscall.SIGKILL {
		return err
	}
	return nil
}

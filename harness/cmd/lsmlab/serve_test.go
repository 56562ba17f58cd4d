package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/harness"
	"lsmlab/harness/cmd/inventory"
	"lsmlab/harness/internal/testlog"
)

// served is a `lsmlab serve` in a process of its own.
type served struct {
	*testing.T
	url   string
	redis string // address, with --resp-addr
	cmd   *exec.Cmd
	log   *testlog.Buffer
}

// serve starts the program, with the real engines or the toys, and waits until
// it is ready.
func serve(t *testing.T, catalog string, args ...string) *served {
	t.Helper()
	return serveBy(t, nil, catalog, args...)
}

// serveBy is serve by way of another program, which is given the command to run.
func serveBy(t *testing.T, by []string, catalog string, args ...string) *served {
	t.Helper()
	line := slices.Concat(by, []string{os.Args[0], "serve", "--addr", "127.0.0.1:0"}, args)
	c := exec.Command(line[0], line[1:]...)
	c.Env = append(os.Environ(), asProgram+"="+catalog)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &served{T: t, cmd: c, log: new(testlog.Buffer)}
	c.Stderr = s.log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	said := bufio.NewReader(out)
	s.url = s.address(said)
	if slices.Contains(args, "--resp-addr") {
		s.redis = s.address(said)
	}
	s.until("ready", func() bool {
		resp, err := http.Get(s.url + "/readyz")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil && resp.StatusCode == 200
	})
	return s
}

// address returns the one in the next line that the program prints.
func (s *served) address(said *bufio.Reader) string {
	s.Helper()
	line, err := said.ReadString('\n')
	_, address, ok := strings.Cut(strings.TrimSpace(line), " at ")
	if !ok {
		_ = s.cmd.Wait()
		s.Fatalf("%q, %v: %s", line, err, s.log)
	}
	return address
}

func (s *served) until(what string, ok func() bool) {
	s.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("waited a minute for: %s", what)
		}
	}
}

// end sends a signal and returns how the process ended.
func (s *served) end(signal os.Signal) *os.ProcessState {
	s.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.Fatal(err)
	}
	var exit *exec.ExitError
	if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		s.Fatal(err)
	}
	return s.cmd.ProcessState
}

// writeLoad writes from several clients until the server is gone. Each client has one
// key of its own, and each of its batches puts one number in two places.
type writeLoad struct {
	acks    atomic.Int64
	clients sync.WaitGroup
	mu      sync.Mutex
	last    map[string]int // by key, the number that was acknowledged last
}

const loadClients = 8

func (l *writeLoad) start(url string, durability func(client int) string) {
	l.last = map[string]int{}
	for c := range loadClients {
		key := fmt.Sprintf("client-%d", c)
		l.clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			for n := 1; ; n++ {
				value := fmt.Sprintf("%d %s", n, strings.Repeat("x", 500))
				batch := fmt.Sprintf("{\"key\":%q,\"value\":%q}\n{\"key\":%q,\"value\":%q}\n", b64(key), b64(value), b64("copy of "+key), b64(value))
				r, _ := http.NewRequest("POST", url+"/batch", strings.NewReader(batch))
				r.Header.Set("Lsmlab-Durability", durability(c))
				resp, err := client.Do(r)
				if err != nil {
					return
				}
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != 200 {
					return
				}
				l.mu.Lock()
				l.last[key] = n
				l.mu.Unlock()
				l.acks.Add(1)
			}
		})
	}
}

// check reads all back: nothing acknowledged is lost, at most the write under
// way is more, and batches are whole.
func (l *writeLoad) check(t *testing.T, e kv.Reader) {
	t.Helper()
	for key, acked := range l.last {
		value, err := e.Get(nil, []byte(key))
		if err != nil {
			t.Errorf("%s: %d was acknowledged: %v", key, acked, err)
			continue
		}
		var n int
		if _, err := fmt.Sscanf(string(value), "%d ", &n); err != nil || n < acked || n > acked+1 {
			t.Errorf("%s: %d was acknowledged, %.20q is stored", key, acked, value)
		}
		if twin, err := e.Get(nil, []byte("copy of "+key)); err != nil || !bytes.Equal(twin, value) {
			t.Errorf("%s: half a batch: %.20q and %.20q, %v", key, value, twin, err)
		}
	}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// TestServeKilled kills a serving process under load, several times over on one
// store, and looks whether all that was acknowledged is there. Buffered and
// synced writes are mixed: a kill may take neither. It fails if an answer is
// sent before the write has reached its durability level; of the core that shows where the
// default is synced, since below that its WAL is a mapping, which a kill spares.
func TestServeKilled(t *testing.T) {
	for _, engine := range []string{"lsm-bptree", "pebble"} {
		t.Run(engine, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			for _, d := range []string{"buffered", "synced", "buffered"} {
				s := serve(t, "real", "--engine", engine, "--data", dir, "--durability", d)
				var l writeLoad
				l.start(s.url, func(c int) string { return []string{"buffered", "synced"}[c%2] })
				s.until("acknowledged writes", func() bool { return l.acks.Load() >= 500 })
				s.end(syscall.SIGKILL)
				l.clients.Wait()

				e, err := inventory.Catalog().Open(engine, dir, harness.OpenOptions{Durability: kv.Buffered})
				if err != nil {
					t.Fatal(err)
				}
				l.check(t, e)
				if err := e.Close(); err != nil {
					t.Error(err)
				}
				if engine == "lsm-bptree" {
					var out bytes.Buffer
					if status := run(context.Background(), inventory.Catalog(), []string{"verify", dir}, nil, &out, &out); status != exitSound {
						t.Errorf("verify: status %d: %s", status, &out)
					}
				}
			}
		})
	}
}

// TestServeStopped: SIGTERM and Ctrl-C under load lose nothing that was
// acknowledged, not even at the lowest durability level, and the process ends well.
func TestServeStopped(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		dir := t.TempDir()
		s := serve(t, "real", "--engine", "lsm-rbtree", "--data", dir, "--durability", "volatile", "--log", "json")
		var l writeLoad
		l.start(s.url, func(int) string { return "volatile" })
		s.until("acknowledged writes", func() bool { return l.acks.Load() >= 200 })
		if state := s.end(signal); !state.Success() {
			t.Errorf("%v: %v: %s", signal, state, s.log)
		}
		l.clients.Wait()
		if log := s.log.String(); !strings.Contains(log, `"msg":"stopped"`) {
			t.Errorf("log: %s", log)
		}
		db, err := lsm.Open(dir, lsm.Options{})
		if err != nil {
			t.Fatal(err)
		}
		l.check(t, db)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestServeSecondSignal: an engine that hangs does not hold the process once a
// second signal comes.
func TestServeSecondSignal(t *testing.T) {
	s := serve(t, "toys", "--engine", "hanger", "--data", t.TempDir())
	hung := make(chan struct{})
	go func() {
		defer close(hung)
		body := strings.Repeat("{\"key\":\"aw==\",\"delete\":true}\n", 600)
		resp, err := http.Post(s.url+"/batch", "", strings.NewReader(body))
		if err == nil {
			resp.Body.Close()
		}
	}()
	time.Sleep(100 * time.Millisecond) // if the write comes later, the stop is only faster
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.until("no new connections", func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	start := time.Now()
	state := s.end(syscall.SIGTERM)
	if status := state.Sys().(syscall.WaitStatus); !status.Signaled() || time.Since(start) > 4*time.Second {
		t.Errorf("after %v: %v", time.Since(start), state)
	}
	<-hung
}

// TestServeRefused: what cannot be served is said, with status 2.
func TestServeRefused(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{nil, "serve: --data is not given"},
		{[]string{"--data", dir, "--engine", "tpy"}, `--engine is wrong: unknown engine "tpy", did you mean toy?`},
		{[]string{"--data", dir, "--engine", "toy", "--durability", "fast"}, `--durability is wrong: durability "fast": want volatile, buffered or synced`},
		{[]string{"--data", dir, "--engine", "toy", "--max-connections", "0"}, "--max-connections is 0: want a number from 1 on"},
		{[]string{"--data", dir, "--engine", "toy", "--log", "xml"}, `--log is "xml": want text or json`},
		{[]string{"--data", dir, "--engine", "toy", "--addr", "127.0.0.1:x"}, "serve: http: listen"},
		{[]string{"--data", dir, "--engine", "toy", "--otlp", "127.0.0.1:4318"}, `traces to "127.0.0.1:4318": want a URL`},
		{[]string{"--data", dir, "--engine", "toy", "--settings", empty}, "settings " + empty},
		{[]string{"--data", dir, "--engine", "toy", "--token-file", empty}, "--token-file " + empty + " is empty"},
		{[]string{"--data", dir, "--engine", "toy", "--tls-cert", empty}, "--tls-cert and its key do not work: "},
		{[]string{"--data", empty, "--engine", "toy"}, "not a directory"},
		{[]string{"--data", dir, "--engine", "picky", "--durability", "synced"}, "picky does not give durability level synced, but buffered"},
		{[]string{"--data", dir, "--engine", "toy", "--durable-reads", "maybe"}, `--durable-reads is "maybe": want on, off or auto`},
	} {
		if o := lab(t, append([]string{"serve"}, tc.args...)...); o.status != exitUsage || !strings.Contains(o.stderr, tc.want) {
			t.Errorf("%q: %+v, want %q", tc.args, o, tc.want)
		}
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--engine", "goleveldb", "--sync-interval", "1s"}, "goleveldb: not supported by this engine: a sync interval"},
		{[]string{"--engine", "lsm-bptree", "--sync-interval", "1us"}, "want at least 1ms"},
		{[]string{"--engine", "lsm-bptree+sync=none", "--durability", "synced"}, "lsm-bptree+sync=none does not give durability level synced, but buffered"},
		{[]string{"--engine", "bbolt", "--durability", "volatile"}, "bbolt does not give durability level volatile, but buffered, synced"},
		{[]string{"--engine", "bbolt", "--durable-reads", "on"}, "durable reads at durability level buffered"},
	} {
		out := new(strings.Builder)
		args := append([]string{"serve", "--data", dir, "--addr", "127.0.0.1:0"}, tc.args...)
		status := run(t.Context(), inventory.Catalog(), args, nil, io.Discard, out)
		if status != exitUsage || !strings.Contains(out.String(), tc.want) {
			t.Errorf("%q: status %d, %s; want %q", tc.args, status, out, tc.want)
		}
	}
}

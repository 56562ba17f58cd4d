package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The tests below start the real program and do to it what a hostile or a broken
// client does, while an honest client goes on beside them: it reads and writes a
// few keys over HTTP and the Redis protocol, with connections that it keeps and
// with fresh ones. It may be told to come back later (429, 503, and what the Redis
// protocol has for them), and nothing else. The process must live, within a bound
// of memory, and serve as before in the end.

// honest is that client.
type honest struct {
	*testing.T
	server     *served
	done, shed atomic.Int64 // operations
	stopped    chan struct{}
	running    sync.WaitGroup
}

func (s *served) honest() *honest {
	h := &honest{T: s.T, server: s, stopped: make(chan struct{})}
	kept := &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}
	fresh := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	for i, work := range []func(n int) error{
		func(n int) error { return h.overHTTP(kept, "kept", n) },
		func(n int) error { return h.overHTTP(fresh, "fresh", n) },
		h.overRedis,
	} {
		h.running.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-h.stopped:
					return
				default:
				}
				if err := work(n); err != nil {
					h.Errorf("honest client %d, operation %d: %v", i, n, err)
					return
				}
				h.done.Add(1)
			}
		})
	}
	return h
}

// stop ends the client after it has done at least so many more operations.
func (h *honest) stop(more int64) {
	h.Helper()
	from := h.done.Load()
	h.server.until("operations of the honest client", func() bool { return h.Failed() || h.done.Load()-h.shed.Load() >= from-h.shed.Load()+more })
	close(h.stopped)
	h.running.Wait()
	h.Logf("the honest client did %d operations, %d were shed; the process held %d MiB at most", h.done.Load(), h.shed.Load(), h.server.peak()>>20)
}

func (h *honest) overHTTP(c *http.Client, key string, n int) error {
	value := fmt.Sprint(n)
	for _, method := range []string{"PUT", "GET"} {
		r, _ := http.NewRequest(method, h.server.url+"/kv/"+key, strings.NewReader(map[bool]string{true: value}[method == "PUT"]))
		resp, err := c.Do(r)
		if key == "fresh" && h.dropped(err) {
			return nil
		}
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		switch {
		case err != nil:
			return err
		case resp.StatusCode == http.StatusServiceUnavailable, resp.StatusCode == http.StatusTooManyRequests:
			if resp.Header.Get("Retry-After") == "" {
				return fmt.Errorf("%s: %d without Retry-After: %s", method, resp.StatusCode, body)
			}
			h.shed.Add(1)
			return nil
		case resp.StatusCode >= 300, method == "GET" && string(body) != value:
			return fmt.Errorf("%s: %d %.200q, want %q", method, resp.StatusCode, body, value)
		}
	}
	return nil
}

// dropped counts a fresh connection that was reset as one that was shed: of a crowd
// whose connections are all refused, the oldest are closed before they have the answer.
func (h *honest) dropped(err error) bool {
	if !errors.Is(err, unix.ECONNRESET) {
		return false
	}
	h.shed.Add(1)
	return true
}

func (h *honest) overRedis(n int) error {
	c, err := net.DialTimeout("tcp", h.server.redis, time.Minute)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	fmt.Fprintf(c, "SET redis %d\r\nGET redis\r\nQUIT\r\n", n)
	got, err := io.ReadAll(c)
	want := fmt.Sprintf("+OK\r\n$%d\r\n%d\r\n+OK\r\n", len(strconv.Itoa(n)), n)
	switch text := string(got); {
	case h.dropped(err):
		return nil
	case err != nil:
		return err
	case text == want:
		return nil
	case strings.HasPrefix(text, "-ERR max number of clients reached"), strings.Contains(text, "-BUSY "), strings.Contains(text, "-MISCONF "):
		h.shed.Add(1)
		return nil
	default:
		return fmt.Errorf("%.200q, want %q", text, want)
	}
}

// peak is the most memory that the process has held, in bytes.
func (s *served) peak() int64 { return s.status("VmHWM") }

// status returns a figure of the process, in bytes, as the kernel names it.
func (s *served) status(name string) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.Fatal(err)
	}
	m := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		s.Fatalf("no %s in %s", name, status)
	}
	kib, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return kib << 10
}

// within fails if the process has held more than so many MiB.
func (s *served) within(mib int64) {
	s.Helper()
	if peak := s.peak() >> 20; peak > mib {
		s.Errorf("the process held %d MiB, want at most %d", peak, mib)
	}
}

// connect opens n connections that are closed at the end of the test, and sends on
// each of them what send says.
func (s *served) connect(n int, addr, send string) (all []net.Conn) {
	s.Helper()
	for range n {
		c, err := net.DialTimeout("tcp", strings.TrimPrefix(addr, "http://"), time.Minute)
		if err != nil {
			s.Fatal(err)
		}
		_, _ = io.WriteString(c, send)
		all = append(all, c)
	}
	s.Cleanup(func() { closeAll(all) })
	return all
}

func closeAll(all []net.Conn) {
	for _, c := range all {
		c.Close()
	}
}

// serveLimits starts the core with both fronts.
func serveLimits(t *testing.T, by []string, args ...string) *served {
	t.Helper()
	return serveBy(t, by, "real", append([]string{"--engine", "lsm-bptree", "--resp-addr", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "store")}, args...)...)
}

// alive ends the process as an operator does, which it must survive until then.
func (s *served) alive() {
	s.Helper()
	if state := s.end(unix.SIGTERM); !state.Success() {
		s.Errorf("%v: %s", state, s.log)
	}
}

// TestNoDescriptors: more clients come than the process may have files. It waits
// until some leave.
func TestNoDescriptors(t *testing.T) {
	s := serveLimits(t, nil)
	h := s.honest()
	s.until("first operations, by which the store has its files", func() bool { return h.done.Load() >= 30 || t.Failed() })
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	room := uint64(len(open) + 30)
	if err := unix.Prlimit(s.cmd.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: room, Max: room}, nil); err != nil {
		t.Fatal(err)
	}
	crowd := append(s.connect(60, s.redis, ""), s.connect(60, s.url, "")...)
	s.until("accepts that fail at both addresses", func() bool {
		log := s.log.String()
		return strings.Contains(log, "front=http error=\"accept") && strings.Contains(log, "front=redis error=\"accept")
	})
	closeAll(crowd)
	h.stop(100)
	s.alive()
}

// TestIdleCrowd: 20,000 clients connect and are silent. Those that are within the
// limits of connections are kept, the others refused. A client has so few files
// that others must help it.
func TestIdleCrowd(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 20,000 connections: run without -short")
	}
	const each, helpers = 2500, 8
	by := []string{"prlimit", "--nofile=40000:40000"}
	if exec.Command(by[0], by[1], "true").Run() != nil {
		by = nil
		t.Log("the limit of open files cannot be raised: fewer than 20,000 connections stay open, the others are refused")
	}
	s := serveLimits(t, by)
	h := s.honest()
	var ready sync.WaitGroup
	for i := range helpers {
		addr, send := s.redis, ""
		if i%2 == 1 {
			addr, send = strings.TrimPrefix(s.url, "http://"), "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
		}
		c := exec.Command(os.Args[0], addr, strconv.Itoa(each), send)
		c.Env = append(os.Environ(), asProgram+"=crowd")
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdin, err := c.StdinPipe() // its end is the helper's end
		if err != nil {
			t.Fatal(err)
		}
		c.Stderr = os.Stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			stdin.Close()
			_ = c.Wait()
		})
		ready.Go(func() {
			if line, err := bufio.NewReader(out).ReadString('\n'); line != "connected\n" {
				t.Errorf("a helper said %q, %v", line, err)
			}
		})
	}
	ready.Wait()
	h.stop(50)
	s.within(700)
	s.alive()
}

// crowd opens args[1] connections to args[0], sends args[2] on each, and keeps them
// until standard input ends.
func crowd(args []string) int {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	var all []net.Conn
	for range n {
		c, err := net.DialTimeout("tcp", args[0], time.Minute)
		if err != nil {
			fmt.Fprintln(os.Stderr, "crowd:", err)
			return 1
		}
		_, _ = io.WriteString(c, args[2])
		all = append(all, c)
	}
	fmt.Println("connected")
	_, _ = io.Copy(io.Discard, os.Stdin)
	closeAll(all)
	return 0
}

const large = 16 << 20 // bytes, the largest value

func (s *served) putLarge(key string) {
	s.Helper()
	r, _ := http.NewRequest("PUT", s.url+"/kv/"+key, strings.NewReader(strings.Repeat("v", large)))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		s.Fatalf("status %d", resp.StatusCode)
	}
}

// memoryBound of the tests below, in MiB: what the server may hold for answers, for
// requests and for 32 values that are being read (the bound of the README), twice, since
// Go collects garbage once there is as much as what is used; and 400 for the engine, its
// MemTables and tables.
const memoryBound = (2*(256+256+512) + 400) * detectorFactor

// TestLargeAnswers: clients name a large value many times in one command, and read
// the answer to its end.
func TestLargeAnswers(t *testing.T) {
	s := serveLimits(t, nil)
	s.putLarge("large")
	h := s.honest()
	const clients, times = 8, 32
	var all sync.WaitGroup
	for _, c := range s.connect(clients, s.redis, "MGET"+strings.Repeat(" large", times)+"\r\nQUIT\r\n") {
		all.Go(func() {
			_ = c.SetDeadline(time.Now().Add(2 * time.Minute))
			if n, err := io.Copy(io.Discard, c); err != nil || n < times*large {
				t.Errorf("%d bytes of an answer of %d, %v", n, times*large, err)
			}
		})
	}
	all.Wait()
	h.stop(100)
	s.within(memoryBound)
	s.alive()
}

// TestSlowClients: clients ask for large values in every way and do not read, and
// others announce large bodies and do not send.
func TestSlowClients(t *testing.T) {
	s := serveLimits(t, nil)
	s.putLarge("large")
	h := s.honest()
	const host = " HTTP/1.1\r\nHost: localhost\r\n"
	get := "{\"key\":\"bGFyZ2U=\"}"
	for addr, sends := range map[string][]string{
		s.redis: {
			"MGET" + strings.Repeat(" large", 32) + "\r\n",
			"MULTI\r\nGET large\r\nGET large\r\nEXEC\r\n",
			"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$16000000\r\n" + strings.Repeat("v", 1<<20),
		},
		s.url: {
			"GET /kv/large" + host + "\r\n",
			"GET /kv" + host + "\r\n",
			fmt.Sprintf("POST /lsmlab.kv.v1.KV/Get%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", host, len(get), get),
			"PUT /kv/k" + host + "Content-Length: 33554432\r\n\r\n" + strings.Repeat("v", 1<<20),
			"PUT /kv/k" + host + "Transfer-Encoding: chunked\r\n\r\n100000\r\n" + strings.Repeat("v", 1<<20),
			"POST /batch" + host + "Content-Length: 33554432\r\n\r\n{\"key\":\"" + strings.Repeat("v", 1<<20),
		},
	} {
		for _, send := range sends {
			s.connect(40, addr, send)
		}
	}
	h.stop(200)
	s.within(memoryBound)
	s.alive()
}

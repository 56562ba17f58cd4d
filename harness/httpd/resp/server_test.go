package resp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/engines/testneed"
	"lsmlab/harness/httpd/internal/servetest"
	"lsmlab/harness/httpd/settings"
)

// front is a server on a port of its own.
type front struct {
	*testing.T
	*Server
	listener net.Listener
	db       *lsm.DB
	served   chan error
}

// newFront starts a server that configure, if given, has changed.
func newFront(t *testing.T, configure func(*Server)) *front {
	t.Helper()
	s := settings.Default()
	s.Limits.BodyBytes, s.Limits.ScanEntries = 1<<20, 1000
	store, db := servetest.NewStore(t, s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{t, &Server{Store: store, Idle: time.Minute, Write: time.Minute}, l, db, make(chan error, 1)}
	if configure != nil {
		configure(f.Server)
	}
	go func() { f.served <- f.Serve(l) }()
	t.Cleanup(func() { f.stop() })
	return f
}

// stop ends the server and says whether no connection had to be cut.
func (f *front) stop() bool {
	f.listener.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return f.Stop(ctx)
}

// cli runs Debian's redis-cli and returns what it prints.
func (f *front) cli(args ...string) string {
	f.Helper()
	return f.tool("redis-cli", "", args...)
}

func (f *front) tool(name, stdin string, args ...string) string {
	f.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		testneed.Missing(f.T, name+" is missing: apt-get install redis-tools")
	}
	_, port, _ := net.SplitHostPort(f.listener.Addr().String())
	c := exec.Command(path, append([]string{"-h", "127.0.0.1", "-p", port}, args...)...)
	c.Stdin = strings.NewReader(stdin)
	out, err := c.CombinedOutput()
	if err != nil {
		f.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestRedisCLI(t *testing.T) {
	f := newFront(t, nil)
	for _, step := range []struct{ command, want string }{
		{"ping", "PONG"},
		{"echo hello", "hello"},
		{"get a", ""},
		{"set a 1", "OK"},
		{"get a", "1"},
		{"set a 1 EX 10", "ERR SET: option EX is not supported: keys do not expire here"},
		{"mset b 2 c 3 a 4", "OK"},
		{"mget a none c", "4\n\n3"},
		{"exists a b none a", "3"},
		{"del a none b", "2"},
		{"exists a b c", "1"},
		{"mset a", "ERR wrong number of arguments for 'mset' command"},
		{"mset a 1 b", "ERR wrong number of arguments for 'mset' command"},
		{"select 1", "ERR DB index is out of range: there is one database, 0"},
		{"lpush list x", `ERR unknown command "LPUSH"`},
		{"scan 77", "ERR invalid cursor: start again with 0"},
		{"scan 0 COUNT", `ERR SCAN: "COUNT" has no value`},
		{"scan 0 COUNT 0", `ERR SCAN: COUNT is "0": want a number from 1 on`},
		{"scan 0", "0\nc"},
	} {
		got := f.cli(strings.Fields(step.command)...)
		if got != step.want && !(strings.HasPrefix(step.want, "ERR unknown") && strings.HasPrefix(got, step.want)) {
			t.Errorf("%s: %q, want %q", step.command, got, step.want)
		}
	}
	if info := f.cli("info"); !strings.Contains(info, "durability:buffered") || !strings.Contains(info, "state:ready") {
		t.Error(info)
	}
	// Binary keys and values, by redis-cli's own means.
	binary := string([]byte{0, 255, '\r', '\n', 1})
	f.tool("redis-cli", binary, "-x", "set", "binary")
	if v, err := f.db.Get(nil, []byte("binary")); err != nil || string(v) != binary {
		t.Errorf("%q, %v", v, err)
	}
}

// TestScan walks a thousand keys with redis-cli, and finds each once and in
// order.
func TestScan(t *testing.T) {
	f := newFront(t, nil)
	var b kv.Batch
	var want []string
	for i := range 1000 {
		key := fmt.Sprintf("user:%04d", i)
		b.Set([]byte(key), nil)
		want = append(want, key)
	}
	if err := f.db.Apply(&b, kv.Buffered); err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(f.cli("--scan")); !slices.Equal(got, want) {
		t.Errorf("%d keys, want %d", len(got), len(want))
	}
	if got := strings.Fields(f.cli("--scan", "--pattern", "user:?5*")); !slices.Equal(got, want[500:600]) {
		t.Errorf("by pattern: %d keys from %q on", len(got), got[:min(len(got), 1)])
	}
}

func TestRedisBenchmark(t *testing.T) {
	seen := make(chan string, 1_000_000)
	f := newFront(t, func(s *Server) { s.Observe = func(command string) { seen <- command } })
	out := f.tool("redis-benchmark", "", "-n", "5000", "-c", "20", "-P", "16", "-r", "1000", "-d", "100", "-t", "set,get,mset", "--csv")
	for _, name := range []string{`"SET"`, `"GET"`, `"MSET (10 keys)"`} {
		if !strings.Contains(out, name) {
			t.Errorf("no line of %s in\n%s", name, out)
		}
	}
	if strings.Contains(out, "ERR") {
		t.Error(out)
	}
	if n := strings.Count(strings.Join(f.keys(), "\n"), "key:"); n < 900 {
		t.Errorf("%d keys were stored", n)
	}
	if len(seen) < 15_000 {
		t.Errorf("%d commands observed", len(seen))
	}
}

func (f *front) keys() (keys []string) {
	it := f.db.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		keys = append(keys, string(it.Key()))
	}
	if err := it.Close(); err != nil {
		f.Fatal(err)
	}
	return keys
}

func TestToken(t *testing.T) {
	f := newFront(t, func(s *Server) { s.Token = "secret" })
	if got := f.cli("get", "k"); !strings.HasPrefix(got, "NOAUTH") {
		t.Error(got)
	}
	if got := f.cli("auth", "wrong"); !strings.HasPrefix(got, "WRONGPASS") {
		t.Error(got)
	}
	if got := f.cli("--no-auth-warning", "-a", "secret", "ping"); got != "PONG" {
		t.Error(got)
	}
}

// talk sends bytes on a connection of its own and reads until its end, or until
// the answer wanted has come.
func (f *front) talk(send, want string) (string, net.Conn) {
	f.Helper()
	c, err := net.Dial("tcp", f.listener.Addr().String())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	go io.WriteString(c, send)
	if want == "" {
		all, _ := io.ReadAll(c)
		return string(all), c
	}
	r, got := bufio.NewReader(c), ""
	for !strings.HasSuffix(got, want) {
		b, err := r.ReadByte()
		if err != nil {
			break
		}
		got += string(b)
	}
	return got, c
}

// TestBadBytes: no commands, endless commands and half commands end their own
// connection and nothing else.
func TestBadBytes(t *testing.T) {
	f := newFront(t, nil)
	for send, want := range map[string]string{
		"*1\r\n:4\r\n":                    "-ERR Protocol error: expected '$', got ':'\r\n",
		"*2\r\n$3\r\nGET\r\n$-7\r\nk\r\n": "-ERR Protocol error: invalid length \"$-7\\r\"\r\n",
		"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$99999999\r\n" + strings.Repeat("v", 2<<20): "-ERR command longer than the limit\r\n",
		"*1\r\n$4\r\nQUIT\r\n":               "+OK\r\n",
		"$9223372036854775807 X\r\n":         "-ERR Protocol error: want a command as an array, or a line of at most 4096 bytes\r\n",
		strings.Repeat(" ", 64<<10) + "\r\n": "-ERR Protocol error: want a command as an array, or a line of at most 4096 bytes\r\n",
		"*1048577\r\n":                       "-ERR Protocol error: invalid length \"*1048577\\r\"\r\n",
	} {
		if got, _ := f.talk(send, ""); got != want {
			t.Errorf("%.30q: %q, want %q", send, got, want)
		}
	}
	if got, _ := f.talk("PING\r\n", "\r\n"); got != "+PONG\r\n" {
		t.Error(got)
	}
}

// TestStop: connections that wait for commands end at once.
func TestStop(t *testing.T) {
	f := newFront(t, nil)
	_, idle := f.talk("PING\r\n", "\r\n")
	if !f.stop() {
		t.Error("an idle connection had to be cut")
	}
	if n, err := idle.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes after the stop", n)
	}
	if err := <-f.served; err != nil {
		t.Error(err)
	}
}

// TestIdle: a half-open connection is given up.
func TestIdle(t *testing.T) {
	f := newFront(t, func(s *Server) { s.Idle = 50 * time.Millisecond })
	if got, _ := f.talk("*1\r\n$4\r\nPI", ""); got != "" {
		t.Error(got)
	}
}

func TestCursorsAreForgotten(t *testing.T) {
	var c cursors
	first := c.put([]byte("first"))
	for range maxCursors - 1 {
		c.put(nil)
	}
	if key, ok := c.get(first); !ok || string(key) != "first" {
		t.Errorf("%q, %v", key, ok)
	}
	c.put(nil)
	if _, ok := c.get(first); ok || len(c.keys) != maxCursors {
		t.Errorf("%d cursors are kept", len(c.keys))
	}
}

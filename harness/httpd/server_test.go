package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/harness/httpd/settings"
	"lsmlab/harness/internal/testlog"
)

// running is a server under test.
type running struct {
	*testing.T
	*Server
	url  string
	log  *testlog.Buffer
	stop func() error // once
}

// start serves a store of the core, unless c says otherwise.
func start(t *testing.T, c Config) *running {
	t.Helper()
	if c.Open == nil {
		dir := t.TempDir()
		c.Open = func(func(kv.OpenProgress) error) (kv.Engine, error) { return lsm.Open(dir, lsm.Options{}) }
	}
	if c.Settings == (settings.Settings{}) {
		c.Settings = settings.Default()
	}
	c.Addr = "127.0.0.1:0"
	r := &running{T: t, log: new(testlog.Buffer)}
	c.Level = new(slog.LevelVar)
	c.Log = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: c.Level}))
	s, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	r.Server, r.url = s, "http://"+s.Addr().String()
	r.stop = serve(t, s)
	return r
}

// serve runs s until the returned function is called, at the latest at the end
// of the test.
func serve(t testing.TB, s *Server) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

// get returns status and body of a GET.
func (r *running) get(path string, header ...string) (int, string) {
	r.Helper()
	return r.do("GET", path, "", header...)
}

func (r *running) do(method, path, body string, header ...string) (int, string) {
	r.Helper()
	q, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		r.Fatal(err)
	}
	return resp.StatusCode, string(got)
}

// until waits for what must come.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 30 s for: %s", what)
		}
	}
}

func (r *running) awaitReady() *running {
	r.Helper()
	until(r.T, "ready", func() bool { status, _ := r.get("/readyz"); return status == 200 })
	return r
}

// gated is an engine whose reads wait.
type gated struct {
	kv.Engine
	entered chan struct{}
	gate    chan struct{}
}

func (g *gated) Get(dst, _ []byte) ([]byte, error) {
	g.entered <- struct{}{}
	<-g.gate
	return append(dst, "late"...), nil
}

func (g *gated) Close() error { return nil }

// TestLife goes from recovery to the end: what is answered when.
func TestLife(t *testing.T) {
	recovered := make(chan kv.Engine)
	r := start(t, Config{Open: func(func(kv.OpenProgress) error) (kv.Engine, error) { return <-recovered, nil }})
	expect := func(path string, status int, text string) {
		t.Helper()
		if got, body := r.get(path); got != status || !strings.Contains(body, text) {
			t.Errorf("%s: %d %q, want %d with %q", path, got, body, status, text)
		}
	}
	expect("/healthz", 200, "alive")
	expect("/readyz", 503, "recovering")
	expect("/kv/k", 503, "urn:lsmlab:recovering")
	expect("/openapi.json", 200, `"/kv/{key}"`)
	expect("/nothing", 404, "urn:lsmlab:no-such-path")
	e := &gated{entered: make(chan struct{}), gate: make(chan struct{})}
	recovered <- e
	r.awaitReady()

	// A request that is under way when the stop comes is answered.
	answer := make(chan string)
	go func() {
		_, body := r.get("/kv/k")
		answer <- body
	}()
	<-e.entered
	stopped := make(chan error)
	go func() { stopped <- r.stop() }()
	until(t, "no new connections", func() bool {
		c, err := net.Dial("tcp", r.Addr().String())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	close(e.gate)
	if body := <-answer; body != "late" {
		t.Errorf("the request under way got %q", body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestStopCutsLateRequests: a request that does not end holds the stop no longer
// than its time-out.
func TestStopCutsLateRequests(t *testing.T) {
	e := &gated{entered: make(chan struct{}), gate: make(chan struct{})}
	defer close(e.gate)
	r := start(t, Config{Open: func(func(kv.OpenProgress) error) (kv.Engine, error) { return e, nil }, Timeouts: Timeouts{Stop: 50 * time.Millisecond}})
	r.awaitReady()
	cut := make(chan error)
	go func() {
		_, err := http.Get(r.url + "/kv/k")
		cut <- err
	}()
	<-e.entered
	if err := r.stop(); err != nil || !r.log.Has("cut requests") {
		t.Error(err)
	}
	if err := <-cut; err == nil {
		t.Error("the late request got an answer")
	}
}

// TestOpening stops a server whose store says how far its recovery is: clients are told
// that too, and the stop ends the recovery.
func TestOpening(t *testing.T) {
	told, ended := make(chan struct{}), make(chan error, 1)
	r := start(t, Config{Open: func(opening func(kv.OpenProgress) error) (kv.Engine, error) {
		if err := opening(kv.OpenProgress{Step: "log", Done: 3, Total: 80}); err != nil {
			return nil, err
		}
		close(told)
		for {
			if err := opening(kv.OpenProgress{Step: "log", Done: 4, Total: 80}); err != nil {
				ended <- err
				return nil, err
			}
			runtime.Gosched()
		}
	}})
	<-told
	if status, body := r.get("/readyz"); status != 503 || !strings.Contains(body, "log, ") || !strings.Contains(body, " of 80") {
		t.Errorf("/readyz: %d %q", status, body)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the opening ended with %v", err)
	}
}

func TestOpenFails(t *testing.T) {
	s, err := Listen(Config{Addr: "127.0.0.1:0", Settings: settings.Default(), Open: func(func(kv.OpenProgress) error) (kv.Engine, error) {
		return nil, fmt.Errorf("MANIFEST-000001: %w", kv.ErrCorrupt)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(context.Background()); !errors.Is(err, kv.ErrCorrupt) {
		t.Error(err)
	}
}

func TestAddressInUse(t *testing.T) {
	r := start(t, Config{})
	for _, c := range []Config{{Addr: r.Addr().String()}, {Addr: "127.0.0.1:0", AdminAddr: r.Addr().String()}} {
		c.Settings = settings.Default()
		if _, err := Listen(c); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestSlowClients: clients that stop half-way, in the header, in the body, or
// while they read, lose their connection and hold nobody up.
func TestSlowClients(t *testing.T) {
	short := 300 * time.Millisecond
	r := start(t, Config{Timeouts: Timeouts{Header: short, Read: short, Write: short, Idle: short}}).awaitReady()
	value := strings.Repeat("v", 1<<20)
	for i := range 30 {
		if status, body := r.do("PUT", fmt.Sprintf("/kv/%d", i), value); status != 204 {
			t.Fatal(status, body)
		}
	}
	var clients sync.WaitGroup
	for name, send := range map[string]string{
		"silent":      "",
		"half header": "GET /kv/k HTTP/1.1\r\nHost: localhost\r\n",
		"half body":   "PUT /kv/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf",
		"no reader":   "GET /kv HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		clients.Go(func() {
			c, err := net.Dial("tcp", r.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_, _ = io.WriteString(c, send)
			if name == "no reader" {
				time.Sleep(3 * short) // the server must give up meanwhile
			}
			_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
			n, err := io.Copy(io.Discard, c)
			if errors.Is(err, os.ErrDeadlineExceeded) || n > 30<<20 {
				t.Errorf("%s: after %d bytes: %v", name, n, err)
			}
		})
	}
	clients.Go(func() {
		if status, body := r.get("/kv/7"); status != 200 || body != value {
			t.Errorf("beside them: %d, %d bytes", status, len(body))
		}
	})
	clients.Wait()
}

// TestLongScan: a scan that takes longer than the time-out of an answer goes on
// as long as its client reads.
func TestLongScan(t *testing.T) {
	r := start(t, Config{Timeouts: Timeouts{Write: 2 * time.Second}}).awaitReady()
	value := strings.Repeat("v", 1<<20)
	for i := range 20 {
		r.do("PUT", fmt.Sprintf("/kv/%d", i), value)
	}
	resp, err := http.Get(r.url + "/kv")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var total int64
	for {
		n, err := io.CopyN(io.Discard, resp.Body, 1<<20)
		total += n
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("after %d bytes: %v", total, err)
		}
		time.Sleep(100 * time.Millisecond) // 27 times
	}
	if total < 20<<20 {
		t.Errorf("%d bytes", total)
	}
}

func TestToken(t *testing.T) {
	r := start(t, Config{Token: "secret"})
	for _, tc := range []struct {
		path, header string
		status       int
	}{
		{"/kv", "", 401},
		{"/kv", "Bearer wrong", 401},
		{"/kv", "secret", 401},
		{"/metrics", "", 401},
		{"/metrics", "Bearer secret", 200},
		{"/healthz", "", 200},
	} {
		if status, body := r.get(tc.path, "Authorization", tc.header); status != tc.status {
			t.Errorf("%s with %q: %d %s, want %d", tc.path, tc.header, status, body, tc.status)
		}
	}
}

// TestAdmin: profiles and variables are at the admin address alone.
func TestAdmin(t *testing.T) {
	r := start(t, Config{AdminAddr: "127.0.0.1:0", Engine: "lsm-skiplist"}).awaitReady()
	public := r.url
	r.do("PUT", "/kv/k", "v")
	for _, path := range []string{"/debug/vars", "/debug/pprof/mutex?debug=1"} {
		if status, _ := r.get(path); status != 404 {
			t.Errorf("%s is public: %d", path, status)
		}
	}
	r.url = "http://" + r.Addrs()[AdminFront].String()
	for _, profile := range []string{"goroutine", "heap", "allocs", "mutex", "block"} {
		if status, body := r.get("/debug/pprof/" + profile + "?debug=1"); status != 200 || len(body) == 0 {
			t.Errorf("%s: %d", profile, status)
		}
	}
	var vars struct {
		MemStats json.RawMessage `json:"memstats"`
		Lsmlab   struct {
			Engine  string     `json:"engine"`
			Metrics kv.Metrics `json:"metrics"`
		} `json:"lsmlab"`
	}
	_, body := r.get("/debug/vars")
	if err := json.Unmarshal([]byte(body), &vars); err != nil || vars.Lsmlab.Engine != "lsm-skiplist" || vars.Lsmlab.Metrics.MemTableEntries != 1 || len(vars.MemStats) == 0 {
		t.Errorf("%+v, %v", vars.Lsmlab, err)
	}
	if status, _ := r.get("/kv/k"); status != 404 {
		t.Errorf("the store is served at the admin address: %d", status)
	}
	r.url = public
}

// TestReload: a changed file takes effect without a restart; a bad one changes
// nothing and is complained of; a hangup is as good as a change.
func TestReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"limits": {"scan_entries": 10}}`)
	hangup := make(chan os.Signal)
	gives := func(d kv.Durability) error {
		if d == kv.Volatile {
			return errors.New("no engine is so careless")
		}
		return nil
	}
	r := start(t, Config{SettingsFile: file, Hangup: hangup, Gives: gives}).awaitReady()
	limited := func(most string) func() bool {
		return func() bool {
			status, body := r.get("/kv?limit=1000000")
			return status == 400 && strings.Contains(body, "from 1 to "+most+`"`)
		}
	}
	if !limited("10")() {
		t.Error("the file was not read at the start")
	}
	write(`{"limits": {"scan_entries": 20}, "log_level": "debug"}`)
	until(t, "the changed limit", limited("20"))
	until(t, "requests in the log", func() bool { r.get("/kv/k"); return r.log.Has("route=/kv/{key} status=404") })
	write(`{"limits": {"scan_entries": "many"}}`)
	until(t, "a complaint", func() bool { return r.log.Has("the settings in use stay") && r.log.Has("limits.scan_entries") })
	if !limited("20")() {
		t.Error("a bad file changed the settings")
	}
	write(`{"durability": "volatile", "limits": {"scan_entries": 25}}`)
	until(t, "a complaint of the level", func() bool { return r.log.Has("no engine is so careless") })
	if !limited("20")() {
		t.Error("settings that the engine cannot give were taken")
	}
	write(`{"limits": {"scan_entries": 30}}`)
	hangup <- syscall.SIGHUP
	until(t, "the limit after a hangup", limited("30"))
}

func TestBadSettingsAtTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.json")
	if _, err := Listen(Config{Addr: "127.0.0.1:0", Settings: settings.Default(), SettingsFile: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Error(err)
	}
}

// freePort returns an address that nobody listens at.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

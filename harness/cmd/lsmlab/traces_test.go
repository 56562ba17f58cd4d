package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/harness/internal/built"
)

// collector is an OpenTelemetry Collector in a process of its own, which prints
// what it receives.
type collector struct {
	*testing.T
	cmd *exec.Cmd
	url string
	out bytes.Buffer // to be read once the process has ended
}

// startCollector returns once it listens, on a port that it chose.
func startCollector(t *testing.T) *collector {
	t.Helper()
	program, config := built.Program(t, "otelcol"), filepath.Join(t.TempDir(), "otelcol.yaml")
	if err := os.WriteFile(config, []byte(`
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
exporters: {debug: {verbosity: detailed, use_internal_logger: false}}
service:
  pipelines: {traces: {receivers: [otlp], exporters: [debug]}}
`), 0o644); err != nil {
		t.Fatal(err)
	}
	c := &collector{T: t, cmd: exec.Command(program, "--config", config)}
	c.cmd.Stdout = &c.out
	log, err := c.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	listens := regexp.MustCompile(`"Starting HTTP server".*"endpoint":"([^"]+)"`)
	said := ""
	for lines := bufio.NewScanner(log); c.url == "" && lines.Scan(); {
		said += lines.Text() + "\n"
		if found := listens.FindStringSubmatch(lines.Text()); found != nil {
			c.url = "http://" + found[1]
		}
	}
	if c.url == "" {
		t.Fatalf("the Collector does not listen: %v\n%s", c.cmd.Wait(), said)
	}
	go func() { _, _ = io.Copy(io.Discard, log) }() // ends with the process
	return c
}

// span is what the Collector printed of one.
type span struct{ trace, parent, id, name string }

// stop ends the Collector and returns the spans that it received.
func (c *collector) stop() (spans []span) {
	c.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		c.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		c.Fatalf("%v\n%s", err, &c.out)
	}
	printed := regexp.MustCompile(`Trace ID +: (\w+)\n +Parent ID +: (\w*)\n +ID +: (\w+)\n +Name +: (.+)\n`)
	for _, m := range printed.FindAllStringSubmatch(c.out.String(), -1) {
		spans = append(spans, span{m[1], m[2], m[3], m[4]})
	}
	return spans
}

// TestServeTraces sends the traces of a server to a real OpenTelemetry Collector:
// it has the requests of a caller in the caller's trace, and below each the steps
// that it took in the engine, down to the WAL and the table.
func TestServeTraces(t *testing.T) {
	c := startCollector(t)
	dir := t.TempDir()
	db, err := lsm.Open(dir, lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b kv.Batch
	b.Set([]byte("old"), []byte("in a table"))
	if err := db.Apply(&b, kv.Synced); err != nil {
		t.Fatal(err)
	}
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	s := serve(t, "real", "--engine", "lsm-skiplist", "--data", dir, "--otlp", c.url)
	const trace, caller = "11111111111111111111111111111111", "3333333333333333"
	request := func(method, key, body, want string) {
		t.Helper()
		q, err := http.NewRequest(method, s.url+"/kv/"+key, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Traceparent", fmt.Sprintf("00-%s-%s-01", trace, caller))
		q.Header.Set("Lsmlab-Durability", "synced")
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode >= 300 || string(got) != want {
			t.Fatalf("%s %s: %s, %q, %v", method, key, resp.Status, got, err)
		}
	}
	request("PUT", "new", "value", "")
	request("GET", "old", "", "in a table")
	if state := s.end(syscall.SIGTERM); !state.Success() { // sends what is left
		t.Fatalf("%v: %s", state, s.log)
	}

	spans := c.stop()
	steps := map[string][]string{} // by the request
	for _, request := range spans {
		if request.parent != caller {
			continue
		}
		for _, s := range spans {
			if s.parent == request.id {
				steps[request.name] = append(steps[request.name], s.name)
			}
		}
	}
	for name, want := range map[string][]string{
		"PUT /kv/{key}": {"assign", "memtable", "publish", "sync", "throttle", "wal wait"},
		"GET /kv/{key}": {"memtable", "table read"},
	} {
		if got := slices.Sorted(slices.Values(steps[name])); !slices.Equal(got, want) {
			t.Errorf("steps of %s: %q, want %q, in %+v", name, got, want, spans)
		}
	}
	for _, s := range spans {
		if s.trace != trace {
			t.Errorf("%+v is not in the caller's trace", s)
		}
	}
}

// TestServeTracesRefused: traces that a receiver does not take are in the log, in
// its format.
func TestServeTracesRefused(t *testing.T) {
	receiver := httptest.NewServer(http.NotFoundHandler())
	defer receiver.Close()
	s := serve(t, "toys", "--engine", "toy", "--data", t.TempDir(), "--log", "json", "--otlp", receiver.URL)
	resp, err := http.Get(s.url + "/kv/k")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	s.end(syscall.SIGTERM)
	lost := false
	for line := range strings.Lines(s.log.String()) {
		var entry struct{ Msg, Error string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		if entry.Msg == "traces are lost" && strings.Contains(entry.Error, "404") {
			lost = true
		}
	}
	if !lost {
		t.Errorf("log: %s", s.log)
	}
}

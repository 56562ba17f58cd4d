package httpd

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/harness/httpd/settings"
)

// receiver takes traces by OTLP over HTTP, as its specification says, with the
// messages that OpenTelemetry publishes.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*tracev1.Span
	err   error
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		var in collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &in)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil {
			r.err = err
		}
		for _, resource := range in.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				r.spans = append(r.spans, scope.Spans...)
			}
		}
		out, _ := proto.Marshal(&collector.ExportTraceServiceResponse{})
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(out)
	})
	r.Server = httptest.NewServer(mux)
	t.Cleanup(r.Close)
	return r
}

// tree returns the names of the children of the span of that name in the trace.
func (r *receiver) tree(t *testing.T, trace, name string) (parent *tracev1.Span, children []string) {
	t.Helper()
	for _, s := range r.spans {
		if hex.EncodeToString(s.TraceId) == trace && s.Name == name {
			parent = s
		}
	}
	if parent == nil {
		t.Fatalf("no span %q in trace %s of %d spans", name, trace, len(r.spans))
	}
	for _, s := range r.spans {
		if string(s.ParentSpanId) != string(parent.SpanId) {
			continue
		}
		if s.StartTimeUnixNano < parent.StartTimeUnixNano || s.EndTimeUnixNano > parent.EndTimeUnixNano || s.EndTimeUnixNano < s.StartTimeUnixNano {
			t.Errorf("%s of %s: %d to %d, its parent %d to %d", s.Name, name, s.StartTimeUnixNano, s.EndTimeUnixNano, parent.StartTimeUnixNano, parent.EndTimeUnixNano)
		}
		children = append(children, s.Name)
	}
	return parent, children
}

// TestTraces: the caller's trace goes on through the server into the engine, and
// reaches a receiver; what is not sampled does not.
func TestTraces(t *testing.T) {
	r := newReceiver(t)
	var db *lsm.DB
	dir := t.TempDir()
	s := settings.Default()
	s.TraceRatio = 0
	server := start(t, Config{OTLP: r.URL, Engine: "lsm", Settings: s, Open: func(func(kv.OpenProgress) error) (_ kv.Engine, err error) {
		db, err = lsm.Open(dir, lsm.Options{})
		return db, err
	}}).awaitReady()

	const write, read, caller = "11111111111111111111111111111111", "22222222222222222222222222222222", "3333333333333333"
	traced := func(trace string) []string { return []string{"Traceparent", "00-" + trace + "-" + caller + "-01"} }
	server.do("PUT", "/kv/untraced", "v")
	if status, _ := server.do("PUT", "/kv/k", "v", append(traced(write), "Lsmlab-Durability", "synced")...); status != 204 {
		t.Fatal(status)
	}
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	if status, body := server.get("/kv/k", traced(read)...); status != 200 || body != "v" {
		t.Fatal(status, body)
	}
	if err := server.stop(); err != nil { // sends what is left
		t.Fatal(err)
	}
	if r.err != nil {
		t.Fatal(r.err)
	}
	parent, steps := r.tree(t, write, "PUT /kv/{key}")
	if want := []string{"assign", "memtable", "publish", "wal wait", "sync", "throttle"}; !slices.Equal(steps, want) {
		t.Errorf("steps of the write: %q, want %q", steps, want)
	}
	if got := hex.EncodeToString(parent.ParentSpanId); got != caller {
		t.Errorf("the parent of the request is %s, want the caller's %s", got, caller)
	}
	if _, steps := r.tree(t, read, "GET /kv/{key}"); !slices.Equal(steps, []string{"memtable", "table read"}) {
		t.Errorf("steps of the read: %q", steps)
	}
	for _, span := range r.spans {
		if trace := hex.EncodeToString(span.TraceId); trace != write && trace != read {
			t.Errorf("span %q of trace %s was not sampled", span.Name, trace)
		}
	}
}

// TestNoReceiver: requests are served although their traces can't be sent.
func TestNoReceiver(t *testing.T) {
	server := start(t, Config{OTLP: "http://" + freePort(t), Timeouts: Timeouts{Stop: 1}}).awaitReady()
	if status, _ := server.do("PUT", "/kv/k", "v"); status != 204 {
		t.Error(status)
	}
	if err := server.stop(); err != nil && !strings.Contains(err.Error(), "traces") {
		t.Error(err)
	}
}

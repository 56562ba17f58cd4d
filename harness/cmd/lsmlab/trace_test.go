package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lsmlab/harness/result"
)

// TestTraceOfService: a trace of the service is replayed on another engine, both ways, and
// modelled; the page has the distances, and the plan beside it is one.
func TestTraceOfService(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	record := []string{"sh", "-c", fmt.Sprintf(`exec "$0" trace record --out '%s' -- "$@"`, in("traces"))}
	s := serveBy(t, record, "real", "--engine", "lsm-bptree", "--data", in("store"))
	const keys = 40
	for i := range keys {
		s.send(http.MethodPut, fmt.Sprintf("key%03d", i), strings.Repeat("v", 60))
	}
	for i := range 3 * keys {
		s.send(http.MethodGet, fmt.Sprintf("key%03d", i%keys), "")
	}
	s.end(syscall.SIGTERM)

	trace := in("traces/lsm-bptree-store.trace")
	for _, more := range [][]string{{}, {"--clock"}} {
		args := append([]string{"trace", "replay", "--engine", "pebble", "--data", in("replay" + strings.Join(more, "")), trace}, more...)
		if code, out := said(t, args...); code != exitSound || !strings.Contains(out, "160 operations in 160 calls") || !strings.Contains(out, " 0 reads found nothing") {
			t.Errorf("replay %v: %d %s", more, code, out)
		}
	}
	if code, out := said(t, "trace", "model", trace, "--out", in("model")); code != exitSound || !strings.Contains(out, "index.html") {
		t.Fatalf("model: %d %s", code, out)
	}
	page, err := os.ReadFile(in("model/index.html"))
	if err != nil || !strings.Contains(string(page), "reuse distances") || !strings.Contains(string(page), "40 keys were stored") {
		t.Errorf("the page lacks the distances or the load: %v", err)
	}
	plan, err := result.ReadPlan(in("model/race.json"))
	if err != nil || plan.Keys != keys {
		t.Errorf("plan of %d keys, %v", plan.Keys, err)
	}
	if code, out := said(t, "report", in("model")); code != exitSound {
		t.Errorf("report: %d %s", code, out)
	}
}

// send makes one request, which must succeed.
func (s *served) send(method, key, value string) {
	s.Helper()
	r, err := http.NewRequest(method, s.url+"/kv/"+key, strings.NewReader(value))
	if err != nil {
		s.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		s.Errorf("%s %s: %s", method, key, resp.Status)
	}
}

// TestTraceOfRace: each cell of a race leaves its trace.
func TestTraceOfRace(t *testing.T) {
	dir := t.TempDir()
	o := lab(t, "trace", "record", "--out", filepath.Join(dir, "traces"), "--", "bench", "--engines", "toy", "--control", "",
		"--workloads", "ycsb-b", "--keys", "200", "--ops", "500", "--threads", "2", "--rounds", "2", "--no-report", "--out", filepath.Join(dir, "run"))
	traces, err := filepath.Glob(filepath.Join(dir, "traces", "*.trace"))
	if o.status != exitSound || err != nil || len(traces) != 2 {
		t.Fatalf("status %d, traces %q, %v: %s%s", o.status, traces, err, o.stdout, o.stderr)
	}
	for _, trace := range traces {
		if code, out := said(t, "trace", "replay", "--engine", "lsm-bptree", trace); code != exitSound || !strings.Contains(out, " 0 reads found nothing") {
			t.Errorf("%s: %d %s", trace, code, out)
		}
	}
}

// TestTraceErrors: wrong use and damaged files are told of, with what to do.
func TestTraceErrors(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"bad.trace": "no trace at all", "bad.csv": "1,k,1,1,1,get,0\n2,k\n", "good.log": "INSERT t a [ f=1 ]\nREAD t a [ f ]\n"} {
		if err := os.WriteFile(in(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for want, args := range map[string][]string{
		"want -- and the command to record":    {"record", "--out", in("x")},
		"bad.trace: offset 0: no trace":        {"replay", in("bad.trace")},
		"offset 0: no trace: found":            {"model", in("bad.trace"), "--out", in("m")},
		"bad.csv: line 2, offset 16":           {"import", "twitter", in("bad.csv"), "--out", in("t.trace")},
		`format "memcached": want one of ycsb`: {"import", "memcached", in("bad.csv"), "--out", in("t.trace")},
		"is not empty: a replay needs a new":   {"replay", "--data", dir, in("bad.trace")},
		"say with --out FILE":                  {"import", "ycsb", in("good.log")},
	} {
		if code, out := said(t, append([]string{"trace"}, args...)...); code != exitUsage || !strings.Contains(out, want) {
			t.Errorf("%v: %d %s, want %q", args, code, out, want)
		}
	}
	if _, err := os.Stat(in("t.trace")); err == nil {
		t.Error("a damaged import left a trace")
	}
	if code, out := said(t, "trace", "import", "ycsb", in("good.log"), "--out", in("t.trace")); code != exitSound {
		t.Errorf("%d %s", code, out)
	}
	if code, out := said(t, "trace", "replay", "--engine", "bbolt", in("t.trace")); code != exitSound || !strings.Contains(out, "2 operations in 2 calls") {
		t.Errorf("%d %s", code, out)
	}
}

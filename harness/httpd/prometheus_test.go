package httpd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lsmlab/engines/testneed"
	"lsmlab/harness/internal/testlog"
)

// tool returns the path of a program.
func tool(t testing.TB, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		testneed.Missing(t, fmt.Sprintf("%s is missing: apt-get install %s", name, pkg))
	}
	return path
}

// TestPrometheus: a real Prometheus scrapes the server, answers queries on what
// it did, and evaluates the rules that come with it.
func TestPrometheus(t *testing.T) {
	program := tool(t, "prometheus", "prometheus")
	r := start(t, Config{Engine: "lsm-skiplist"}).awaitReady()
	for i := range 7 {
		r.do("PUT", fmt.Sprintf("/kv/%d", i), "value")
	}
	r.get("/kv/none")
	rules, err := filepath.Abs("monitoring/lsmlab.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := fmt.Sprintf(`
global: {scrape_interval: 200ms, evaluation_interval: 200ms}
rule_files: [%q]
scrape_configs:
  - job_name: lsmlab
    static_configs: [{targets: [%q]}]
`, rules, r.Addr())
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	addr := freePort(t)
	c := exec.Command(program, "--config.file="+dir+"/prometheus.yml", "--storage.tsdb.path="+dir+"/data", "--web.listen-address="+addr)
	var log testlog.Buffer
	c.Stderr = &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	p := prometheus{t, "http://" + addr}
	for query, want := range map[string]string{
		`sum(lsmlab_http_request_duration_seconds_count{route="/kv/{key}",method="PUT",code="204"})`: "7",
		`sum(lsmlab_http_request_duration_seconds_count{code="404"})`:                                "1",
		`lsmlab_engine_memtable_entries`:                                                             "7",
		`lsmlab_ready`:                                                                               "1",
		`count(lsmlab_info{engine="lsm-skiplist"})`:                                                  "1",
		`count(go_goroutines > 0)`:                                                                   "1",
		`count(lsmlab:http_requests:rate1m{route="/kv/{key}"}) >= bool 1`:                            "1",
		`count(ALERTS) or vector(0)`:                                                                 "0",
	} {
		until(t, query+" is "+want, func() bool { return p.query(query) == want })
	}
}

// prometheus asks one over its API.
type prometheus struct {
	*testing.T
	url string
}

// query returns the only value of a query, or "" while there is none.
func (p prometheus) query(query string) string {
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Get(p.url + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || len(answer.Data.Result) != 1 {
		return ""
	}
	return fmt.Sprint(answer.Data.Result[0].Value[1])
}

// TestMonitoring: promtool accepts the rules and their tests, and rules and
// dashboard ask for no metric that the server does not have.
func TestMonitoring(t *testing.T) {
	promtool := tool(t, "promtool", "prometheus")
	for _, args := range [][]string{
		{"check", "rules", "--lint-fatal", "monitoring/lsmlab.rules.yml"},
		{"test", "rules", "testdata/rules_test.yml"},
	} {
		if out, err := exec.Command(promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
	r := start(t, Config{RESPAddr: "127.0.0.1:0"}).awaitReady()
	r.get("/kv/k")
	c := exec.Command(promtool, "check", "metrics")
	_, metrics := r.get("/metrics")
	c.Stdin = strings.NewReader(metrics)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
	metrics += "lsmlab_rpc_duration_seconds_count" // comes with the first call
	name := regexp.MustCompile(`\b(lsmlab|go|process)_[a-z_]+`)
	for _, file := range []string{"monitoring/lsmlab.rules.yml", "monitoring/grafana.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, ".json") && !json.Valid(text) {
			t.Errorf("%s is no JSON", file)
		}
		found := name.FindAllString(string(text), -1)
		if len(found) < 10 {
			t.Errorf("%s names %d metrics", file, len(found))
		}
		for _, n := range found {
			if !strings.Contains(metrics, n) {
				t.Errorf("%s names %s, which the server does not have", file, n)
			}
		}
	}
}

package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
)

// summary is what a script of k6/ writes at its end: see summary in k6/lib/lsmlab.js.
type summary struct {
	Profile      string             `json:"profile"`
	Sweep        bool               `json:"sweep"`
	Mix          map[string]float64 `json:"mix"`
	ThinkSeconds float64            `json:"think_seconds"`
	Users        int64              `json:"users"`
	UsersPeak    int64              `json:"users_peak"`
	StartedMS    int64              `json:"started_ms"` // end of the preload
	Metric       string             `json:"metric"`     // of the latency
	Settings     struct {
		Keys         int64   `json:"keys"`
		ValueSize    int     `json:"valueSize"`
		ScanLength   int     `json:"scanLength"`
		Distribution string  `json:"distribution"`
		Theta        float64 `json:"theta"`
		Warmup       float64 `json:"warmup"` // seconds
		P95          float64 `json:"p95"`    // ms
		ErrorRate    float64 `json:"errorRate"`
	} `json:"settings"`
	Phases []struct {
		result.LoadPhase
		LatencyMS struct {
			Mean, P50, P95, P99, Max float64
		} `json:"latency_ms"`
	} `json:"phases"`
	Broken []string `json:"broken"`
}

// phases returns the phases of a summary in the units of package result. A sweep ends
// with the first phase that broke; k6 itself stops a little later.
func (s summary) phases() (out []result.LoadPhase) {
	ns := func(ms float64) int64 { return int64(ms * 1e6) }
	for _, p := range s.Phases {
		p.RequestsPerS = float64(p.Requests) / p.Seconds
		l := p.LatencyMS
		p.Latency = result.LoadLatency{P50: ns(l.P50), P95: ns(l.P95), P99: ns(l.P99), Max: ns(l.Max), Mean: ns(l.Mean)}
		out = append(out, p.LoadPhase)
		if s.Sweep && slices.ContainsFunc(s.Broken, func(b string) bool { return strings.Contains(b, "{phase:"+p.Name+"}") }) {
			break
		}
	}
	return out
}

// quiet keeps k6 from contacting anything except the server.
var quiet = []string{"K6_NO_USAGE_REPORT=true", "K6_AUTO_EXTENSION_RESOLUTION=false"}

// settings are the variables of the script, for every cell.
func (r *Runner) settings() (env []string) {
	for name, value := range r.Plan.Settings {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return append(env, fmt.Sprintf("SEED=%d", r.Plan.Seed))
}

func (r *Runner) script() string { return filepath.Join(r.Scripts, r.Plan.Profile+".js") }

// shape is what k6 says about a script and its settings before it runs.
type shape struct {
	Users  int64         // that will be created
	Length time.Duration // the longest duration, without preload
}

// inspect makes k6 read the script, so that wrong settings are an error before anything
// is started.
func (r *Runner) inspect(ctx context.Context) (shape, error) {
	cmd := exec.CommandContext(ctx, r.K6, "inspect", "--no-color", "--include-system-env-vars", "--execution-requirements", r.script())
	cmd.Env = slices.Concat(os.Environ(), quiet, r.settings())
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return shape{}, ctx.Err()
		}
		return shape{}, usagef("profile %s: %s", r.Plan.Profile, scriptError(stderr.String(), err))
	}
	var s struct {
		MaxVUs        int64           `json:"maxVUs"`
		TotalDuration result.Duration `json:"totalDuration"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &s); err != nil {
		return shape{}, fmt.Errorf("k6 inspect: %w", err)
	}
	return shape{s.MaxVUs, time.Duration(s.TotalDuration)}, nil
}

// scriptError finds the complaint of a script in the log of k6, whose lines are in
// logfmt: msg="Error: RATE is x: ...".
func scriptError(log string, err error) string {
	for line := range strings.Lines(log) {
		if _, text, ok := strings.Cut(line, "Error: "); ok {
			text, _, _ = strings.Cut(text, `\n`)
			return strings.TrimRight(strings.TrimSpace(text), `"`) + "; see k6/README.md for the settings"
		}
	}
	return fmt.Sprintf("k6: %v: %s", err, human.OneLine(log))
}

// checkOpenFiles refuses more users than files may be open, because every user has a
// connection, in k6 and in the server. Go programs raise their own limit to the hard
// limit.
func checkOpenFiles(users int64) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	if need := uint64(users) + 512; l.Max < need {
		return wrong("set", "is wrong: %d virtual users take some %d open files in one process, and the hard limit here is %d: raise it (`ulimit -Hn %d` as root), or give fewer, USERS=%d",
			users, need, l.Max, need, max(int64(l.Max)-512, 1))
	}
	return nil
}

// The exit status of k6 when a threshold did not hold.
const exitThresholds = 99

// k6StopLimit is how long k6 may take to end after it was asked to.
const k6StopLimit = 20 * time.Second

// dashboardPeriod returns how often k6 computes its dashboard. It is often enough to be
// useful. It is rare enough in long runs, because each computation processes everything
// that was measured so far.
func (s shape) dashboardPeriod() time.Duration {
	return max(time.Second, (s.Length / 120).Round(time.Second))
}

// k6Files are the files that k6 writes for one cell, relative to the load directory.
type k6Files struct{ summary, dashboard, record, log string }

func filesOf(id string) k6Files {
	return k6Files{"k6/" + id + ".json", "k6/" + id + ".html", "k6/" + id + ".ndjson", "k6/" + id + ".log"}
}

// path returns the path of a file of the load directory.
func (r *Runner) path(name string) string { return filepath.Join(r.Dir, filepath.FromSlash(name)) }

// startK6 starts k6 against a server.
func (r *Runner) startK6(s *server, t task, files k6Files) (*process, error) {
	env := slices.Concat(quiet, r.settings(), []string{
		"BASE_URL=" + s.url, "DURABILITY=" + t.environment.Durability, "SUMMARY=" + r.path(files.summary),
		"K6_WEB_DASHBOARD=true", "K6_WEB_DASHBOARD_PORT=-1", "K6_WEB_DASHBOARD_PERIOD=" + r.shape.dashboardPeriod().String(),
		"K6_WEB_DASHBOARD_EXPORT=" + r.path(files.dashboard), "K6_WEB_DASHBOARD_RECORD=" + r.path(files.record),
	})
	return start([]string{r.K6, "run", "--quiet", "--no-color", "--address", "", r.script()}, env, io.Discard)
}

// readSummary reads the summary that k6 left. k6 has ended with err.
func (r *Runner) readSummary(p *process, files k6Files, err error) (summary, error) {
	var s summary
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != exitThresholds) {
		return s, &failure{"k6: " + scriptError(p.said.String(), err), "k6: " + strings.TrimSpace(p.said.String())}
	}
	b, err := os.ReadFile(r.path(files.summary))
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return s, &failure{fmt.Sprintf("the summary of k6: %v", err), "k6: " + strings.TrimSpace(p.said.String())}
	}
	if len(s.Phases) == 0 {
		return s, &failure{"k6 made no request in any phase", "k6: " + strings.TrimSpace(p.said.String())}
	}
	if p.said.Len() > 0 {
		return s, os.WriteFile(r.path(files.log), []byte(p.said.String()), 0o644)
	}
	return s, nil
}

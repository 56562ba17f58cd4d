package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lsmlab/harness/cmd/inventory"
	"lsmlab/harness/internal/built"
	"lsmlab/harness/load"
	"lsmlab/harness/result"
)

const scripts = "../../../k6"

// loadArgs are those of a load of a second or so. A machine that runs other tests
// too keeps no latency objective.
func loadArgs(k6, dir, profile string, more ...string) []string {
	return slices.Concat([]string{
		"load", "--k6", k6, "--scripts", scripts, "--profile", profile, "--out", dir, "--in-process", "50ms",
		"--set", "KEYS=300,SECONDS=1,WARMUP=0,USERS=20,P95_MS=60000,ERROR_RATE=0",
	}, more)
}

// readLoads reads the cells of a load directory and checks that what they name is
// there, and that nothing else was left.
func readLoads(t *testing.T, dir string) []result.LoadCell {
	t.Helper()
	got, warnings, err := result.ReadLoadCells(dir)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	for _, c := range got {
		if !c.OK() {
			continue
		}
		if _, err := result.ReadSeries(filepath.Join(dir, c.SeriesFile)); err != nil {
			t.Error(err)
		}
		names := []string{c.SummaryFile}
		if c.DashboardFile != "" { // k6 makes none of a run of a second or so
			names = append(names, c.DashboardFile)
		}
		for _, name := range names {
			if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || len(b) == 0 {
				t.Errorf("%s: %d bytes, %v", name, len(b), err)
			}
		}
	}
	for _, pattern := range []string{"store-*", "k6/*.ndjson", "series/.tmp-*"} {
		if left, _ := filepath.Glob(filepath.Join(dir, pattern)); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	return got
}

// Every profile, small, against a real server with the real k6: what it asks for
// is answered right, every answer was checked, and the page is drawn. A profile
// that is not in the list fails the test: it would be one that nothing tries.
func TestLoadProfiles(t *testing.T) {
	k6 := built.Program(t, "k6")
	t.Setenv(asProgram, "real")
	settings := map[string]string{
		"smoke": "RATE=5", "steady": "RATE=30", "read-heavy": "RATE=30", "write-heavy": "RATE=30", "scan": "RATE=10", "soak": "RATE=30",
		"three-level": "THINK=0.5", "grpc": "RATE=30", "sweep": "RATE=20,FACTOR=2,STEPS=3",
	}
	for _, profile := range load.Profiles(scripts) {
		more, ok := settings[profile]
		if !ok {
			t.Errorf("profile %s is not tried", profile)
			continue
		}
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "load")
			o := labWith(t, loadArgs(k6, dir, profile, "--engines", "lsm-bptree", "--set", more)...)
			if o.status != exitSound {
				t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
			}
			checkProfile(t, dir, profile)
			if profile == "smoke" {
				checkNoReport(t, loadArgs(k6, dir, profile, "--engines", "lsm-bptree", "--set", more, "--resume"), dir)
			}
		})
	}
}

// checkNoReport goes on with a load that is done: its page comes back, unless
// --no-report leaves it out.
func checkNoReport(t *testing.T, args []string, dir string) {
	t.Helper()
	index := filepath.Join(dir, "index.html")
	if err := os.Remove(index); err != nil {
		t.Fatal(err)
	}
	o := labWith(t, append(args, "--no-report")...)
	if _, err := os.Stat(index); o.status != exitSound || err == nil || strings.Contains(o.stdout, "index.html") {
		t.Errorf("--no-report: status %d, page %v\n%s%s", o.status, err == nil, o.stdout, o.stderr)
	}
	if o := labWith(t, args...); o.status != exitSound || !strings.HasSuffix(o.stdout, "\n"+index+"\n") {
		t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
}

// labWith runs a command with the real catalog in this process.
func labWith(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	status := run(ctx, inventory.Catalog(), args, strings.NewReader(""), &stdout, &stderr)
	return outcome{status, stdout.String(), stderr.String()}
}

func checkProfile(t *testing.T, dir, profile string) {
	t.Helper()
	got := readLoads(t, dir)
	if len(got) != 1 {
		t.Fatalf("%d cells", len(got))
	}
	c := got[0]
	if want := map[string]int{"three-level": 3, "sweep": 3}[profile]; !c.OK() || len(c.Phases) != max(want, 1) {
		t.Fatalf("%d phases in %+v", len(c.Phases), c)
	}
	for _, p := range c.Phases {
		if p.Requests == 0 || p.Failed+p.Wrong+p.Unexpected+p.Refused != 0 || p.Latency.P50 <= 0 || p.Latency.P95 < p.Latency.P50 || p.RequestsPerS <= 0 {
			t.Errorf("phase %+v", p)
		}
	}
	if c.RSSPeakBytes == 0 || c.CPULimit == 0 || c.FileSystem == "" || c.ObjectiveP95NS != 60e9 {
		t.Errorf("cell %+v", c)
	}
	if (c.InProcess != nil) != (len(c.Mix) > 0) || c.InProcess != nil && (c.InProcess.OpsPerSec <= 0 || c.InProcess.P95 < c.InProcess.P50) {
		t.Errorf("in process: %+v of mix %v", c.InProcess, c.Mix)
	}
	if profile == "three-level" && c.DashboardFile == "" {
		t.Error("no dashboard")
	}
	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil || !bytes.Contains(page, []byte("lsm-bptree")) {
		t.Errorf("page of %d bytes, %v", len(page), err)
	}
}

// Environments are limits that the server's process has, each beside the others in
// one page; an engine that cannot give a durability level says so.
func TestLoadEnvironments(t *testing.T) {
	k6 := built.Program(t, "k6")
	t.Setenv(asProgram, "real")
	base := t.TempDir()
	list, err := json.Marshal([]result.Environment{
		{Name: "one core", GOMAXPROCS: 1, GOMEMLIMIT: "256MiB"},
		{Name: "synced", Durability: "synced", Dir: filepath.Join(base, "stores")},
	})
	if err != nil {
		t.Fatal(err)
	}
	file, dir := filepath.Join(base, "environments.json"), filepath.Join(base, "load")
	if err := os.WriteFile(file, list, 0o644); err != nil {
		t.Fatal(err)
	}
	o := labWith(t, loadArgs(k6, dir, "steady", "--set", "RATE=20", "--engines", "lsm-bptree", "--environments", file)...)
	if o.status != exitSound {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	got := readLoads(t, dir)
	if len(got) != 2 {
		t.Fatalf("%d cells", len(got))
	}
	for _, c := range got {
		if c.Environment == "one core" && c.CPULimit != 1 {
			t.Errorf("one core has %d", c.CPULimit)
		}
		if c.InProcess == nil || c.Environment == "one core" && c.InProcess.Threads != 1 {
			t.Errorf("%s: in process %+v", c.Environment, c.InProcess)
		}
	}
	if left, _ := os.ReadDir(filepath.Join(base, "stores")); len(left) > 0 {
		t.Errorf("stores left: %v", left)
	}
}

// An engine that returns wrong values is found by the client's own checks.
func TestLoadFindsWrongValues(t *testing.T) {
	k6 := built.Program(t, "k6")
	dir := filepath.Join(t.TempDir(), "load")
	o := lab(t, loadArgs(k6, dir, "read-heavy", "--set", "RATE=20", "--engines", "liar", "--in-process", "0s")...)
	if o.status != exitFinding {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	c := readLoads(t, dir)[0]
	if p := c.Phases[0]; p.Wrong == 0 || p.Failed < p.Wrong || !slices.Contains(c.Broken, "wrong_answers: count==0") {
		t.Errorf("%+v", c)
	}
	if log, err := os.ReadFile(filepath.Join(dir, c.LogFile)); err != nil || !bytes.Contains(log, []byte("byte 0 of 100")) {
		t.Errorf("log %q, %v", log, err)
	}
}

// A server that dies under load is a failed cell that says why.
func TestLoadServerDies(t *testing.T) {
	k6 := built.Program(t, "k6")
	dir := filepath.Join(t.TempDir(), "load")
	o := lab(t, loadArgs(k6, dir, "steady", "--engines", "crasher", "--set", "KEYS=600,RATE=20")...)
	if o.status != exitFinding {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	if c := readLoads(t, dir)[0]; c.Status != result.StatusFailed || !strings.Contains(c.Error+c.Stderr, "planted crash") {
		t.Errorf("%+v", c)
	}
}

// Ctrl-C keeps what has ended and leaves no process and no store; --resume goes on
// from there, removes what a kill leaves, and refuses another plan.
func TestLoadInterrupted(t *testing.T) {
	k6 := built.Program(t, "k6")
	t.Setenv(asProgram, "real")
	dir := filepath.Join(t.TempDir(), "load")
	args := loadArgs(k6, dir, "steady", "--set", "RATE=20", "--engines", "lsm-bptree", "--rounds", "2", "--in-process", "0s")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var stderr bytes.Buffer
	progress := writerFunc(func(p []byte) (int, error) {
		if bytes.Contains(p, []byte("[1/2]")) {
			cancel()
		}
		return len(p), nil
	})
	if status := run(ctx, inventory.Catalog(), args, strings.NewReader(""), progress, &stderr); status != exitInterrupted {
		t.Fatalf("status %d\n%s", status, stderr.String())
	}
	if n := len(readLoads(t, dir)); n != 1 || !strings.Contains(stderr.String(), "--resume") {
		t.Fatalf("%d cells\n%s", n, stderr.String())
	}
	if o := labWith(t, append(args, "--resume", "--seed", "7")...); o.status != exitUsage || !strings.Contains(o.stderr, "seed is 1 there and 7 here") {
		t.Errorf("status %d\n%s", o.status, o.stderr)
	}
	for _, left := range []string{"store-killed", "series/.tmp-killed"} {
		if err := os.Mkdir(filepath.Join(dir, left), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if o := labWith(t, append(args, "--resume")...); o.status != exitSound || len(readLoads(t, dir)) != 2 {
		t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// Wrong use exits with 2 before anything is started, and names what was wrong.
func TestLoadUsage(t *testing.T) {
	k6 := built.Program(t, "k6")
	base := t.TempDir()
	file := func(content string) string {
		path := filepath.Join(base, fmt.Sprintf("%x.json", content))
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	dir := filepath.Join(base, "load")
	for want, args := range map[string][]string{
		`no such profile; want one of`: {"--profile", "stedy"},
		"--engines is empty":           {"--engines", ""},
		"pebbel":                       {"--engines", "pebbel"},
		"named twice":                  {"--engines", "lsm-bptree,lsm-bptree"},
		"--rounds is 0":                {"--rounds", "0"},
		"RATE is fast: want a number":  {"--set", "RATE=fast"},
		"want NAME=VALUE":              {"--set", "rate=5"},
		"lsmlab's to set":              {"--set", "BASE_URL=http://127.0.0.1:1"},
		"open files":                   {"--set", "USERS=1000000000"},
		"no-such-file":                 {"--environments", filepath.Join(base, "no-such-file")},
		"damaged":                      {"--environments", file(`[{"name": "a", "cores": 2}]`)},
		"names none":                   {"--environments", file(`[]`)},
		"is there twice":               {"--environments", file(`[{"name": "a"}, {"name": "a"}]`)},
		"gomemlimit":                   {"--environments", file(`[{"name": "a", "gomemlimit": "lots"}]`)},
		"durability":                   {"--environments", file(`[{"name": "a", "durability": "forever"}]`)},
		"--k6":                         {"--k6", filepath.Join(base, "no-k6")},
		"no k6 script there":           {"--scripts", base},
	} {
		if args[0] != "--engines" {
			args = append(args, "--engines", "lsm-bptree")
		}
		o := labWith(t, slices.Concat([]string{"load", "--k6", k6, "--scripts", scripts, "--out", dir}, args)...)
		if o.status != exitUsage || !strings.Contains(o.stderr, want) {
			t.Errorf("%v: status %d, want %q in %s", args, o.status, want, o.stderr)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%v: made %s", args, dir)
		}
	}
}

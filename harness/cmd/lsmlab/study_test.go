package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/harness/cmd/inventory"
	"lsmlab/harness/journal"
	"lsmlab/harness/studies"
	"lsmlab/harness/study"
)

// Every study runs at its smallest: each claim finds the cells that it is about, there are
// pages of the set, of each study and of each part, the same files give the same page, and
// a set that is complete runs nothing again.
func TestStudyAll(t *testing.T) {
	if testing.Short() {
		t.Skip("runs every study, of a build without the race detector: run without -short")
	}
	t.Setenv(asProgram, "real")
	dir := filepath.Join(t.TempDir(), "studies")
	args := []string{"study", "all", "--size", "tiny", "--out", dir}
	o := labWith(t, args...)
	if o.status != exitSound || !strings.HasSuffix(o.stdout, "\n"+filepath.Join(dir, "index.html")+"\n") {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	verdicts := readVerdicts(t, dir)
	for _, v := range verdicts {
		if strings.HasPrefix(v.Why, "no cell") {
			t.Errorf("%s/%s: %s: %s", v.Study, v.ID, v.Verdict, v.Why)
		}
	}
	want := 0
	for _, s := range studies.All() {
		want += len(s.Claims) + len(s.Controls) + len(s.Beside)
		for _, p := range s.Parts {
			checkPage(t, filepath.Join(dir, s.Name, "parts", p.Name))
		}
		checkPage(t, filepath.Join(dir, s.Name))
	}
	if len(verdicts) != want {
		t.Errorf("%d verdicts, want %d", len(verdicts), want)
	}
	page := checkPage(t, dir)
	if o := lab(t, "report", dir); o.status != exitSound || checkPage(t, dir) != page {
		t.Errorf("the page drawn again is another: status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	if o := labWith(t, args...); o.status != exitUsage || !strings.Contains(o.stderr, "--resume") {
		t.Errorf("a directory that holds a run: status %d, %s", o.status, o.stderr)
	}
	if o := labWith(t, append(args, "--resume")...); o.status != exitSound || strings.Contains(o.stdout, "[ 1/") {
		t.Errorf("a complete set goes on: status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	if o := labWith(t, "study", "all", "--quick", "--out", dir, "--resume"); o.status != exitUsage || !strings.Contains(o.stderr, "size is tiny there") {
		t.Errorf("another size: status %d, %s", o.status, o.stderr)
	}
}

func readVerdicts(t *testing.T, dir string) []study.Verdict {
	t.Helper()
	v, warnings, err := journal.ReadLines[study.Verdict](filepath.Join(dir, study.VerdictsName))
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	return v
}

// checkPage returns the page of a directory.
func checkPage(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// cutter ends a context once what is written holds a text.
type cutter struct {
	bytes.Buffer
	at  string
	cut func()
}

func (c *cutter) Write(p []byte) (int, error) {
	if strings.Contains(string(p), c.at) {
		c.cut()
	}
	return c.Buffer.Write(p)
}

// A study that is cut keeps what has ended, says how to go on, and goes on with that.
func TestStudyInterruptAndResume(t *testing.T) {
	t.Setenv(asProgram, "real")
	dir := filepath.Join(t.TempDir(), "study")
	args := []string{"study", "codec", "--size", "tiny", "--rounds", "2", "--out", dir}
	ctx, cut := context.WithCancel(context.Background())
	out := &cutter{at: "[ 3/", cut: cut}
	var stderr bytes.Buffer
	if status := run(ctx, inventory.Catalog(), args, strings.NewReader(""), out, &stderr); status != exitInterrupted || !strings.Contains(stderr.String(), "go on with: lsmlab study codec --size=tiny --rounds=2 --out "+dir+" --resume") {
		t.Fatalf("status %d\n%s%s", status, out, &stderr)
	}
	if !strings.Contains(checkPage(t, dir), "not measured") {
		t.Error("the page of a study that was cut does not say what is not measured")
	}
	o := labWith(t, append(args, "--resume")...)
	if o.status != exitSound || strings.Contains(o.stdout, "[ 2/32]") {
		t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	for _, v := range readVerdicts(t, dir) {
		if v.Rounds != 2 {
			t.Errorf("%+v", v)
		}
	}
}

// What is asked for wrongly is refused with what to ask for.
func TestStudyRefuses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "study")
	for _, tc := range []struct {
		args []string
		says string
	}{
		{[]string{}, "want one of a study"},
		{[]string{"lock"}, "locks"},
		{[]string{"locks", "--size", "huge"}, "tiny"},
		{[]string{"locks", "--rounds", "-1"}, "rounds is -1"},
		{[]string{"locks", "--quick", "--size", "tiny"}, "quick"},
	} {
		o := labWith(t, append([]string{"study", "--out", dir}, tc.args...)...)
		if o.status != exitUsage || !strings.Contains(o.stderr, tc.says) {
			t.Errorf("%q: status %d, %s", tc.args, o.status, o.stderr)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Fatalf("%q: the directory was made", tc.args)
		}
	}
}

// A control is the same engine under another name, and the page says so.
func TestControl(t *testing.T) {
	t.Setenv(asProgram, "real")
	dir := filepath.Join(t.TempDir(), "run")
	o := labWith(t, "bench", "--engines", "lsm-bptree,lsm-bptree@again", "--workloads", "fillrandom", "--keys", "500", "--rounds", "1", "--out", dir)
	if o.status != exitSound || !strings.Contains(checkPage(t, dir), "A/A control") {
		t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	if o := labWith(t, "bench", "--engines", "lsm-bptre@again", "--out", dir); o.status != exitUsage || !strings.Contains(o.stderr, "lsm-bptree") {
		t.Errorf("status %d, %s", o.status, o.stderr)
	}
}

// Plans of kinds are refused where they ask for what the kind does not have.
func TestKindPlans(t *testing.T) {
	dir := t.TempDir()
	for plan, says := range map[string]string{
		`{"kind": "lock"}`:                                          "locks",
		`{"kind": "locks", "engines": ["globl"]}`:                   "global",
		`{"kind": "locks", "workloads": ["halve"]}`:                 "half",
		`{"kind": "locks", "rate": 5}`:                              "plan: rate is",
		`{"kind": "locks", "key_size": 4}`:                          "key_size is 4",
		`{"memtables": true, "key_size": 7}`:                        "key_size is 7",
		`{"kind": "locks", "memtables": true}`:                      "memtables",
		`{"kind": "memtables", "ops": 5}`:                           "leave out rate, duration and ops",
		`{"kind": "locks", "workload_options": {"half": {"a": 1}}}`: "unknown field",
	} {
		path := filepath.Join(dir, "plan.json")
		text := `{"rounds": 1, "keys": 10, ` + plan[1:]
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if o := labWith(t, "bench", "--plan", path, "--out", filepath.Join(dir, "run")); o.status != exitUsage || !strings.Contains(o.stderr, says) {
			t.Errorf("%s: status %d, %s", plan, o.status, o.stderr)
		}
	}
}

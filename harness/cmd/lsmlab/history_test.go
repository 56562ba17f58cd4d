package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/testseed"
	lines "lsmlab/harness/history"
	"lsmlab/harness/history/historytest"
	"lsmlab/harness/result"
)

// Many runs are drawn, and compared: the commit at which pebble lost a fifth is named by
// both, which is a finding for compare alone.
func TestHistoryCommand(t *testing.T) {
	runs := historytest.Runs{Count: 20, Rng: testseed.Rand(t), Speed: func(engine string, run int) float64 {
		if engine == "pebble" && run >= 12 {
			return 80_000
		}
		return 100_000
	}}
	dirs := runs.Write(t)
	want := "at " + historytest.Commit(12)[:12] + ", after " + historytest.Commit(11)[:12]
	out := filepath.Join(t.TempDir(), "deep", "history")
	o := lab(t, append([]string{"history", "--out", out}, dirs...)...)
	if o.status != exitSound || !strings.Contains(o.stdout, want) || !strings.Contains(o.stdout, filepath.Join(out, "index.html")) {
		t.Fatalf("history: status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	if o := lab(t, "report", out); o.status != exitSound {
		t.Errorf("report of a history: status %d\n%s", o.status, o.stderr)
	}
	h, err := lines.Read(out)
	if err != nil || h.Command != "lsmlab history "+strings.Join(dirs, " ") {
		t.Errorf("%v, %q", err, h.Command)
	}
	o = lab(t, append([]string{"compare"}, dirs...)...)
	if o.status != exitFinding || !strings.Contains(o.stderr, "pebble fillrandom buffered t=1 "+want) {
		t.Errorf("compare: status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	o = lab(t, append([]string{"compare", "--json", "--threshold", "0.5"}, dirs...)...)
	var g lines.Group
	if err := json.Unmarshal([]byte(o.stdout), &g); err != nil || o.status != exitSound || len(g.Runs) != 20 || len(g.Series) != 4 {
		t.Errorf("compare --json: status %d, %v\n%s", o.status, err, o.stdout)
	}
	if o := lab(t, "compare", dirs[3], dirs[4]); !strings.Contains(o.stdout, "A is of commit "+historytest.Commit(3)[:12]+", B of "+historytest.Commit(4)[:12]) {
		t.Errorf("compare of two names no commits\n%s", o.stdout)
	}
}

// Wrong use is told, and a run is not drawn over.
func TestHistoryWrongUse(t *testing.T) {
	runs := historytest.Runs{Count: 4, Rng: testseed.Rand(t), Speed: func(string, int) float64 { return 1000 }}
	runs.Change = func(run int, p *result.Plan, _ *result.Env) { p.Keys += int64(run / 3) }
	dirs := runs.Write(t)
	for want, args := range map[string][]string{
		"0 arguments given":    {"history"},
		"not a run directory":  {"history", t.TempDir()},
		`order "size"`:         {"history", dirs[0], "--by", "size"},
		"would be replaced":    {"history", dirs[0], "--out", dirs[1]},
		"keys is 1001, not 10": {"compare", dirs[0], dirs[1], dirs[3]},
		"is given twice":       {"compare", dirs[0], dirs[1], dirs[0]},
	} {
		if o := lab(t, args...); o.status != exitUsage || !strings.Contains(o.stderr, want) {
			t.Errorf("%q: status %d, want %q\n%s", args, o.status, want, o.stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(dirs[1], lines.File)); err == nil {
		t.Error("a history was written into a run")
	}
}

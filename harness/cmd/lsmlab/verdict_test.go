package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lsmlab/harness/cmd/inventory"
	"lsmlab/harness/journal"
	"lsmlab/harness/result"
	"lsmlab/harness/verdict"
	"lsmlab/powerfail/rundir"
	report "lsmlab/reports/verdict"
)

// pageLinks are the links of a page to files.
var pageLinks = regexp.MustCompile(`href="([^"#:]+)"`)

// checkVerdict returns the table of a verdict. Each answer must have a value, words or a
// reason, and each link of the page must lead to a file.
func checkVerdict(t *testing.T, dir string) (table report.Table) {
	t.Helper()
	for _, m := range pageLinks.FindAllStringSubmatch(checkPage(t, dir), -1) {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(m[1]))); err != nil {
			t.Error(err)
		}
	}
	if err := journal.ReadJSON(filepath.Join(dir, verdict.TableName), &table, true); err != nil {
		t.Fatal(err)
	}
	for _, r := range table.Rows {
		for i, c := range r.Cells {
			if c.Text == "" || c.Evidence == "" && c.NotMeasured == "" {
				t.Errorf("%s, %s: %+v", r.Engine, table.Columns[i].Title, c)
			}
		}
	}
	return table
}

// A verdict that is cut says how to go on, goes on with that, makes no run twice, and answers
// every question about both engines with a link to its evidence. What the crash tests find is
// left to chance, so it does not matter here.
func TestVerdict(t *testing.T) {
	if testing.Short() {
		t.Skip("makes eight runs, of a build without the race detector: run without -short")
	}
	t.Setenv(asProgram, "real")
	dir := filepath.Join(t.TempDir(), "verdict")
	args := []string{"verdict", "--engines", "lsm-bptree,bbolt", "--quick", "--out", dir}
	ctx, cut := context.WithCancel(context.Background())
	out := &cutter{at: "[ 3/", cut: cut}
	var stderr bytes.Buffer
	if status := run(ctx, inventory.Catalog(), args, strings.NewReader(""), out, &stderr); status != exitInterrupted || !strings.Contains(stderr.String(), "--out "+dir+" --resume") {
		t.Fatalf("status %d\n%s%s", status, out, &stderr)
	}
	if !strings.Contains(checkPage(t, dir), "the run has not begun") {
		t.Error("the page of a verdict that was cut does not say what is missing")
	}
	o := labWith(t, append(args, "--resume")...)
	if o.status != exitSound && o.status != exitFinding || strings.Contains(o.stdout, "[ 1/18]") || !strings.HasSuffix(o.stdout, "\n"+filepath.Join(dir, "index.html")+"\n") {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	table := checkVerdict(t, dir)
	if len(table.Rows) != 2 || len(table.Columns) != 9 {
		t.Errorf("%d rows, %d columns", len(table.Rows), len(table.Columns))
	}
	if last := table.Rows[0].Cells; last[7].Verdict != report.Sound || last[7].States < 900 || last[8].Verdict != report.Sound {
		t.Errorf("of lsm-bptree: %+v", last[7:])
	}
	page := checkPage(t, dir)
	if o := lab(t, "report", dir); o.status != exitSound || checkPage(t, dir) != page {
		t.Errorf("the page drawn again is another: status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	done, _, err := verdict.ReadDone(dir)
	if err != nil {
		t.Fatal(err)
	}
	again := labWith(t, append(args, "--resume")...)
	for part, d := range done {
		if !d.Failed() && strings.Contains(again.stdout, ": "+part+"\n") {
			t.Errorf("%s is run again\n%s%s", part, again.stdout, again.stderr)
		}
		if d.Finding && again.status != exitFinding {
			t.Errorf("the finding of %s is forgotten: status %d", part, again.status)
		}
	}
	if o := labWith(t, "verdict", "--engines", "bbolt", "--quick", "--out", dir, "--resume"); o.status != exitUsage || !strings.Contains(o.stderr, "engines is") {
		t.Errorf("other engines: status %d, %s", o.status, o.stderr)
	}
	taken := filepath.Join(t.TempDir(), "taken")
	if o := labWith(t, "verdict", filepath.Join(dir, "race"), filepath.Join(dir, "crash", "lsm-bptree"), filepath.Join(dir, "isolation"), "--out", taken); o.status != exitSound {
		t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	checkVerdict(t, taken)
}

// A verdict over runs that are there links to their pages, draws those that are missing, and
// leaves the runs alone otherwise.
func TestVerdictOfRuns(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	if o := lab(t, "bench", "--engines", "toy,toybox", "--workloads", "fillrandom,reopen", "--keys", "300", "--rounds", "1", "--no-report", "--out", run); o.status != exitSound {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	dir := filepath.Join(t.TempDir(), "verdict")
	o := lab(t, "verdict", run, "--out", dir)
	if o.status != exitSound {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	table := checkVerdict(t, dir)
	var titles []string
	for _, c := range table.Columns {
		titles = append(titles, c.Title)
	}
	if got := strings.Join(titles, "; "); got != "fillrandom, operations/s; reopen, time to open; memory; disk over live bytes" {
		t.Error(got)
	}
	checkPage(t, run)
	if o := lab(t, "verdict", run, "--out", dir); o.status != exitUsage || !strings.Contains(o.stderr, "--resume") {
		t.Errorf("a directory that holds a verdict: status %d, %s", o.status, o.stderr)
	}
}

// What is asked for wrongly is refused with what to ask for, and nothing is made.
func TestVerdictRefuses(t *testing.T) {
	empty, dir := t.TempDir(), filepath.Join(t.TempDir(), "verdict")
	tables := filepath.Join(t.TempDir(), "tables")
	if err := os.MkdirAll(tables, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := result.WritePlan(tables, result.Plan{MemTables: true}); err != nil {
		t.Fatal(err)
	}
	study, own := t.TempDir(), filepath.Join(t.TempDir(), "own")
	if err := os.WriteFile(filepath.Join(study, "study.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := rundir.Create(own, rundir.Run{Tier: "files"}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		says string
	}{
		{[]string{"--engines", "lsm-bptre"}, "lsm-bptree"},
		{[]string{filepath.Join(empty, "missing")}, "missing"},
		{[]string{empty}, "not a run directory"},
		{[]string{tables}, "want one of engines"},
		{[]string{own}, "of no engine"},
		{[]string{study}, "DIR/parts/NAME"},
		{[]string{empty, "--quick"}, "--quick is for runs that are to be made"},
		{[]string{filepath.Join(dir, "race")}, "no such file"},
	} {
		o := labWith(t, append([]string{"verdict", "--out", dir}, tc.args...)...)
		if o.status != exitUsage || !strings.Contains(o.stderr, tc.says) {
			t.Errorf("%q: status %d, %s", tc.args, o.status, o.stderr)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Fatalf("%q: the directory was made", tc.args)
		}
	}
}

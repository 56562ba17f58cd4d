package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReportRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no directory":   {[]string{"report"}, "want one run directory"},
		"not a run":      {[]string{"report", dir}, "no plan.json"},
		"two":            {[]string{"report", dir, dir}, "2 arguments"},
		"no such engine": {[]string{"report", filepath.Join(dir, "nosuch")}, "nosuch"},
	} {
		t.Run(name, func(t *testing.T) {
			got := lab(t, c.args...)
			if got.status != exitUsage || !strings.Contains(got.stderr, c.want) {
				t.Errorf("status %d, %q, want %d and ...%s...", got.status, got.stderr, exitUsage, c.want)
			}
			if _, err := os.Stat(filepath.Join(dir, "index.html")); err == nil {
				t.Error("a page was written all the same")
			}
		})
	}
}

// A race draws its page as its last act and prints where it is, also when cells have
// failed; --no-report leaves it out and is no part of the command that repeats the run.
func TestBenchDrawsItsPage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	index := filepath.Join(dir, "index.html")
	args := []string{"bench", "--out", dir, "--engines", "toy", "--workloads", "fillrandom", "--keys", "500", "--rounds", "1"}
	if o := lab(t, append(args, "--no-report")...); o.status != exitSound || strings.Contains(o.stdout, "index.html") {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	if _, err := os.Stat(index); err == nil {
		t.Error("--no-report drew a page")
	}
	o := lab(t, append(args, "--resume")...)
	if o.status != exitSound || !strings.HasSuffix(o.stdout, "\n"+index+"\n") {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	html, err := os.ReadFile(index)
	if err != nil || !strings.Contains(string(html), "lsmlab bench --engines=toy") || strings.Contains(string(html), "no-report") {
		t.Errorf("page of %d bytes, %v", len(html), err)
	}
	// A run that is refused draws nothing.
	if err := os.Remove(index); err != nil {
		t.Fatal(err)
	}
	if o := lab(t, args...); o.status != exitUsage || strings.Contains(o.stdout, "index.html") {
		t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
}

func TestBenchDrawsAFailedRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	o := lab(t, "bench", "--out", dir, "--engines", "toy,crasher", "--workloads", "fillrandom", "--keys", "1000", "--rounds", "1")
	if o.status != exitFinding || !strings.HasSuffix(o.stdout, "\n"+filepath.Join(dir, "index.html")+"\n") {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
}

package history

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lsmlab/harness/history"
	"lsmlab/harness/history/historytest"
	"lsmlab/harness/result"
	"lsmlab/reports/internal/browsertest"
)

// write writes the history of runs in which pebble loses a fifth with run 13, finds it again
// with run 20, and the other engine gains 8% with run 16; the last two runs are of another
// machine if others says so. Their rounds are the same in every call.
func write(t *testing.T, others bool) (dir string) {
	t.Helper()
	runs := historytest.Runs{Count: 26, Rng: rand.New(rand.NewPCG(1, 1)), Speed: func(engine string, run int) float64 {
		switch {
		case engine == "pebble" && run >= 12 && run < 19:
			return 241_000
		case engine == "pebble":
			return 300_000
		case run >= 15:
			return 540_000
		}
		return 500_000
	}}
	runs.Change = func(run int, _ *result.Plan, e *result.Env) {
		if others && run >= 24 {
			e.Cores = 64
		}
	}
	h, _, err := history.Dirs(runs.Write(t), "")
	if err != nil {
		t.Fatal(err)
	}
	for g := range h.Groups { // the same bytes wherever the runs are
		for i := range h.Groups[g].Runs {
			h.Groups[g].Runs[i].Dir = filepath.Base(h.Groups[g].Runs[i].Dir)
		}
	}
	h.Command = "lsmlab history run-*"
	dir = t.TempDir()
	if err := h.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The page has a chart for each engine, with the commits of the changes, and is the same
// when it is drawn again.
func TestRender(t *testing.T) {
	dir := write(t, false)
	index, err := Render(dir)
	if err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"at " + historytest.Commit(12)[:12] + ", after " + historytest.Commit(11)[:12],
		"26 runs, in order of commits", "pebble, fillrandom buffered t=1", "lsm-bptree, fillrandom buffered t=1", "lsmlab history run-*", "p99 latency",
		`href="history.json"`, "A CPU of 3 GHz",
	} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := strings.Count(string(html), "<figure>"); n != 2 {
		t.Errorf("%d charts", n)
	}
	if _, err := Render(dir); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(index); err != nil || !bytes.Equal(again, html) {
		t.Errorf("drawn again, the page differs: %v", err)
	}
}

// Runs are labelled by their commit, their day or, if all are of two days, their time.
func TestLabel(t *testing.T) {
	day := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	group := func(by string, hours int) drawer {
		last := history.Run{Started: day.Add(time.Duration(hours) * time.Hour), Commit: historytest.Commit(1)}
		return drawer{group: history.Group{By: by, Runs: []history.Run{{Started: day, Commit: historytest.Commit(0)}, last}}}
	}
	for want, d := range map[string]drawer{
		"abc0001": group(history.ByCommit, 20), "2026-03-04": group(history.ByDate, 72), "03-02 05:00": group(history.ByDate, 20),
	} {
		if got := d.label(1); got != want {
			t.Errorf("label %s, want %s", got, want)
		}
	}
}

// Runs that are not comparable have a section of their own, which says why.
func TestRenderOthers(t *testing.T) {
	index, err := Render(write(t, true))
	if err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Not all runs are comparable", "run-25 ran on another machine", "Runs of kind 2 of 2", "64 cores"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := strings.Count(string(html), "<figure>"); n != 4 {
		t.Errorf("%d charts", n)
	}
}

// Damage and an empty history are errors that name the file.
func TestRenderRefuses(t *testing.T) {
	for _, text := range []string{"{", `{"schema": 1}`} {
		dir := t.TempDir()
		path := filepath.Join(dir, history.File)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Render(dir); !Is(dir) || err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if Is(t.TempDir()) {
		t.Error("an empty directory is taken for a history")
	}
}

// The page in a real browser.
func TestBrowser(t *testing.T) {
	ctx := browsertest.Open(t)
	index, err := Render(write(t, true))
	if err != nil {
		t.Fatal(err)
	}
	browsertest.CheckPage(ctx, t, index, "history", 4)
}

package history

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lsmlab/engines/testseed"
	"lsmlab/harness/compare"
	"lsmlab/harness/history/historytest"
	"lsmlab/harness/result"
)

// slower is the speed of an engine that is a fifth slower from a run on; others are as fast as ever.
func slower(engine string, from int) func(string, int) float64 {
	return func(e string, run int) float64 {
		if e == engine && run >= from {
			return 80_000
		}
		return 100_000
	}
}

// seriesOf returns the series of an engine's figure.
func seriesOf(t *testing.T, g Group, engine, figure string) Series {
	t.Helper()
	i := slices.IndexFunc(g.Series, func(s Series) bool { return s.Engine == engine && s.Figure == figure })
	if i < 0 {
		t.Fatalf("no series %s of %s", figure, engine)
	}
	return g.Series[i]
}

// A figure that changes at a commit is told with that commit and the one before, whatever
// the order in which directories are named, and in both figures.
func TestChangeNamesItsCommit(t *testing.T) {
	rng := testseed.Rand(t)
	dirs := historytest.Runs{Count: 20, Speed: slower("pebble", 12), Rng: rng}.Write(t)
	rng.Shuffle(len(dirs), func(i, j int) { dirs[i], dirs[j] = dirs[j], dirs[i] })
	h, warnings, err := Dirs(dirs, "")
	if err != nil || len(warnings) > 0 || len(h.Groups) != 1 {
		t.Fatalf("%v %v, %d groups", err, warnings, len(h.Groups))
	}
	g := h.Groups[0]
	if g.By != ByCommit || len(g.Runs) != 20 || len(g.Series) != 4 {
		t.Fatalf("by %s, %d runs, %d series", g.By, len(g.Runs), len(g.Series))
	}
	for _, figure := range []string{"ops_per_sec", "p99_ns"} {
		s := seriesOf(t, g, "pebble", figure)
		i := slices.IndexFunc(s.Changes, func(c Change) bool { return c.At == 12 })
		if i < 0 {
			t.Errorf("%s: %+v", figure, s.Changes)
			continue
		}
		c, want := s.Changes[i], "at "+historytest.Commit(12)[:12]+", after "+historytest.Commit(11)[:12]
		if !c.Shown || c.Verdict != compare.Worse || c.Commits != want || c.Lo > c.Ratio || c.Ratio > c.Hi {
			t.Errorf("%s: %+v, want %s", figure, c, want)
		}
		if s.Decides && (c.Ratio < 0.77 || c.Ratio > 0.83) {
			t.Errorf("ratio %.3f of a step to 0.8", c.Ratio)
		}
	}
	worse := g.Regressions(0.05)
	if !slices.ContainsFunc(worse, func(s string) bool {
		return strings.Contains(s, "pebble fillrandom buffered t=1 at "+historytest.Commit(12)[:12])
	}) {
		t.Errorf("regressions: %q", worse)
	}
	if worse := g.Regressions(0.5); len(worse) != 0 {
		t.Errorf("regressions by more than half: %q", worse)
	}
	var out bytes.Buffer
	if err := h.Print(&out); err != nil || !strings.Contains(out.String(), historytest.Commit(12)[:12]) {
		t.Errorf("%v\n%s", err, &out)
	}
}

// A regression that a later commit mended is none.
func TestMendedIsNoRegression(t *testing.T) {
	speed := func(_ string, run int) float64 {
		if run >= 8 && run < 16 {
			return 50_000
		}
		return 100_000
	}
	h, _, err := Dirs(historytest.Runs{Count: 24, Speed: speed, Rng: testseed.Rand(t)}.Write(t), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range h.Groups[0].Series {
		if c, ok := s.lastShown(); s.Decides && (!ok || c.Verdict != compare.Better && c.At == 16) {
			t.Errorf("%s: %+v", s.Group, s.Changes)
		}
	}
}

// Runs of another machine or of other work are apart, and say how they differ. They are no
// runs that can be compared. A kernel or a Go version of its own is no other machine: it is
// named beside the change.
func TestOthersAreApart(t *testing.T) {
	for want, change := range map[string]func(*result.Plan, *result.Env){
		"another machine":   func(_ *result.Plan, e *result.Env) { e.Cores = 64 },
		"file system xfs":   func(_ *result.Plan, e *result.Env) { e.FileSystem = "xfs" },
		"keys is 2000":      func(p *result.Plan, _ *result.Env) { p.Keys = 2000 },
		"memory is 1048576": func(p *result.Plan, _ *result.Env) { p.Memory = 1 << 20 },
		"": func(p *result.Plan, e *result.Env) {
			p.Seed, p.Name = 7, "other"
			e.GoVersion, e.Kernel = "go1.27.0", "7.0"
		},
		"sustain is 10ms, not ": func(p *result.Plan, _ *result.Env) { p.Sustain = result.Duration(10 * time.Millisecond) },
	} {
		runs := historytest.Runs{Count: 20, Speed: slower("pebble", 14), Rng: testseed.Rand(t)}
		runs.Change = func(run int, p *result.Plan, e *result.Env) {
			if run >= 14 {
				change(p, e)
			}
		}
		h, _, err := Dirs(runs.Write(t), "")
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			s := seriesOf(t, h.Groups[0], "pebble", "ops_per_sec")
			i := slices.IndexFunc(s.Changes, func(c Change) bool { return c.At == 14 })
			if i < 0 || !slices.Equal(s.Changes[i].Also, []string{"kernel differs: 6.1.0 and 7.0", "Go differs: go1.26.0 and go1.27.0"}) {
				t.Errorf("%+v", s.Changes)
			}
			continue
		}
		if len(h.Groups) != 2 || len(h.Groups[0].Runs) != 14 || !strings.Contains(h.Groups[1].Differs, want) {
			t.Errorf("%s: %d groups, %+v", want, len(h.Groups), h.Groups[len(h.Groups)-1].Differs)
			continue
		}
		if _, err := h.Single(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Runs are ordered by commit where all know the time of theirs, else by date; either can be
// asked for. Neighbours of one commit are told as that.
func TestOrder(t *testing.T) {
	runs := historytest.Runs{Count: 10, Speed: slower("pebble", 5), Rng: testseed.Rand(t)}
	runs.Change = func(run int, _ *result.Plan, e *result.Env) {
		e.Started = e.Started.AddDate(0, 0, -2*run) // the newest commit was measured first
		e.Commit = historytest.Commit(0)
	}
	dirs := runs.Write(t)
	first := func(by string) string {
		h, _, err := Dirs(dirs, by)
		if err != nil {
			t.Fatal(err)
		}
		if c := seriesOf(t, h.Groups[0], "pebble", "ops_per_sec").Changes; len(c) == 0 || !strings.HasPrefix(c[0].Commits, "within commit abc0000") {
			t.Errorf("by %q: %+v", by, c)
		}
		return filepath.Base(h.Groups[0].Runs[0].Dir)
	}
	for by, want := range map[string]string{"": "run-01", ByCommit: "run-01", ByDate: "run-10"} {
		if got := first(by); got != want {
			t.Errorf("by %q the first is %s", by, got)
		}
	}
	runs.Change = func(run int, _ *result.Plan, e *result.Env) {
		if run == 3 {
			e.Commit, e.CommitTime = "", time.Time{}
		}
	}
	dirs = runs.Write(t)
	h, _, err := Dirs(dirs, "")
	if err != nil || h.Groups[0].By != ByDate || h.Groups[0].Runs[3].Name() != "2026-03-04 10:00" {
		t.Errorf("%v, %+v", err, h.Groups)
	}
	if _, _, err := Dirs(dirs, ByCommit); err == nil || !strings.Contains(err.Error(), "run-04") {
		t.Errorf("by commit without one: %v", err)
	}
}

// What cannot be lined up is refused; few runs show nothing and say so. What is written is
// read.
func TestRefusesAndReads(t *testing.T) {
	dirs := historytest.Runs{Count: 3, Speed: slower("pebble", 1), Rng: testseed.Rand(t)}.Write(t)
	h, _, err := Dirs(dirs, "")
	if err != nil || h.Groups[0].Enough() || !strings.Contains(h.Groups[0].Conclusion(), "from 8 runs on") {
		t.Fatalf("%v, %s", err, h.Groups[0].Conclusion())
	}
	out := t.TempDir()
	if err := h.Write(out); err != nil {
		t.Fatal(err)
	}
	again, err := Read(out)
	x, _ := json.Marshal(h.Groups)
	y, _ := json.Marshal(again.Groups)
	if err != nil || !bytes.Equal(x, y) {
		t.Errorf("%v\n%s\n%s", err, x, y)
	}
	for want, given := range map[string][]string{
		"given twice":         {dirs[0], dirs[1], dirs[0] + "/"},
		"not a run directory": {dirs[0], t.TempDir()},
	} {
		if _, _, err := Dirs(given, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q: %v", want, err)
		}
	}
	if _, _, err := Dirs(dirs, "size"); err == nil {
		t.Error("an order that there is not")
	}
	if err := os.Remove(filepath.Join(dirs[1], "env.json")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Dirs(dirs, ""); err == nil || !strings.Contains(err.Error(), "env.json is missing") {
		t.Errorf("without env.json: %v", err)
	}
	if err := os.WriteFile(filepath.Join(out, File), []byte(`{"schema": 99}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(out); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("a newer schema: %v", err)
	}
}

// A family of many series without a change shows any with a probability of at most 5%: of
// 200 histories of ten series, about ten show one; the limit allows for six standard deviations.
func TestFamiliesKeepTheLevel(t *testing.T) {
	rng := testseed.Rand(t)
	runs := make([]result.Run, 16)
	alarms := 0
	for range 200 {
		for i := range runs {
			runs[i].Cells = nil
			for threads := range 10 {
				runs[i].Cells = append(runs[i].Cells, result.Cell{
					Status: result.StatusOK, Engine: "a", Workload: "w", Threads: threads + 1, OpsPerSec: 1000 + 20*rng.NormFloat64(),
				})
			}
		}
		g := Group{Runs: make([]Run, len(runs))}
		g.Series = g.series(runs)
		if shown, _ := g.count(); shown > 0 {
			alarms++
		}
	}
	t.Logf("%d of 200 histories show a change", alarms)
	if alarms > 28 {
		t.Errorf("%d of 200 histories show a change where none is", alarms)
	}
}

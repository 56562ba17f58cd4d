package study

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/harness/journal"
	"lsmlab/harness/result"
	"lsmlab/harness/study"
	"lsmlab/reports/internal/fakeenv"
)

// fake writes a study's directory: contenders a, b and c at throughputs of 100, 300 and
// 290, four rounds each.
func fake(t *testing.T, dir string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	m := func(contender string) *study.Measure {
		return &study.Measure{Part: "p", Contender: contender, Work: "w"}
	}
	plan := result.Plan{Kind: "locks", Engines: []string{"a", "b", "c"}, Workloads: []string{"w"}, Durabilities: []string{"volatile"}, Threads: []int{1}, Rounds: 4, Keys: 10}
	s := study.Study{
		Name: "fake", Size: study.Quick, Question: "Is it so?", Limits: "It is a fake.",
		Parts: []study.Part{{Name: "p", About: "all of it", Plan: plan}, {Name: "unbegun", Plan: plan}},
		Claims: []study.Claim{
			{ID: "three", Text: "b does three times what a does", Where: "page 1", Figure: 3, Unit: "×", Of: m("b"), Over: m("a")},
			{ID: "half", Text: "b does half of what a does", Where: "page 2", Figure: 0.5, Unit: "×", Of: m("b"), Over: m("a")},
			{ID: "order", Text: "b, then a", Where: "page 3", Order: []study.Measure{*m("b"), *m("a")}},
			{ID: "later", Text: "not yet", Where: "page 4", Figure: 2, Unit: "×", Of: &study.Measure{Part: "unbegun", Contender: "a", Work: "w"}, Over: m("a")},
		},
		Beside: []study.Claim{{ID: "absolute", Text: "a on their machine", Where: "page 5", Figure: 124000, Unit: "ops/s", Of: m("a")}},
	}
	must(os.MkdirAll(s.Parts[0].Dir(dir), 0o755))
	must(journal.WriteJSON(filepath.Join(dir, study.FileName), s))
	part := s.Parts[0].Dir(dir)
	must(result.WritePlan(part, plan))
	must(result.WriteEnv(part, fakeenv.Of(plan.Engines, plan.Durabilities)))
	lines, err := result.OpenCells(part)
	must(err)
	for round := 1; round <= plan.Rounds; round++ {
		for engine, ops := range map[string]float64{"a": 100, "b": 300, "c": 290} {
			must(lines.Append(result.Cell{
				ID: result.CellID("w", engine, "volatile", 1, round), Status: result.StatusOK, Engine: engine, Workload: "w", Durability: "volatile",
				Round: round, Threads: 1, Ops: 10, OpsPerSec: ops + float64(round)/10,
			}))
		}
	}
	must(lines.Close())
}

func render(t *testing.T, dir string) string {
	t.Helper()
	index, err := Render(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The page has the question, every claim with both figures, its verdict and where it
// stands, what is not measured, and the same files give the same page.
func TestPage(t *testing.T) {
	dir := t.TempDir()
	fake(t, dir)
	html := render(t, dir)
	for _, want := range []string{
		"Is it so?", "What limits the study: It is a fake.", "b does three times what a does", "page 1", "3×", "2.99× to 3",
		"reproduced", "contradicted", "not measured", "1 contradicted", "124,000/s", "are not judged", "no cell of part unbegun has the figure ops_per_sec of a w", "an order", "resolution",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, id := range []string{"three", "half", "order"} {
		if _, err := os.Stat(filepath.Join(dir, "charts", "claim-"+id+".svg")); err != nil {
			t.Error(err)
		}
	}
	if render(t, dir) != html {
		t.Error("the same files give another page")
	}
}

// A set has one table of all its studies, and names those that have not begun.
func TestSet(t *testing.T) {
	dir := t.TempDir()
	fake(t, filepath.Join(dir, "fake"))
	if err := journal.WriteJSON(filepath.Join(dir, study.SetName), study.Set{Size: study.Quick, Studies: []string{"fake", "absent"}}); err != nil {
		t.Fatal(err)
	}
	html := render(t, dir)
	for _, want := range []string{"b does three times what a does", "1 studies have not begun", "<li>absent</li>", "fake/index.html", "124,000/s"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if below := Below(dir); fmt.Sprint(below) != fmt.Sprint([]string{filepath.Join(dir, "fake")}) {
		t.Errorf("below the set: %q", below)
	}
}

// Damage is an error that names the file; what has not begun says how to go on.
func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	fake(t, dir)
	part := filepath.Join(dir, "parts", "p")
	for _, tc := range []struct{ file, text, says string }{
		{filepath.Join(part, "cells.jsonl"), "{\n", "cells.jsonl:1"},
		{filepath.Join(dir, study.FileName), "{", study.FileName},
	} {
		old, err := os.ReadFile(tc.file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(tc.file, []byte(tc.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Render(dir); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s is damaged: %v", tc.file, err)
		}
		if err := os.WriteFile(tc.file, old, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(part, "env.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := Render(dir); err == nil || !strings.Contains(err.Error(), "--resume") {
		t.Errorf("no part has begun: %v", err)
	}
}

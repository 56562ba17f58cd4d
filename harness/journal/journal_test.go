package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// testPlan and testLine are a kind of run for tests.
type testPlan struct {
	Cells int `json:"cells"`
}

func (p testPlan) Difference(o testPlan) (field string, mine, theirs any, differs bool) {
	return "cells", p.Cells, o.Cells, p != o
}

type testLine struct {
	ID, Status string
}

func (l testLine) Key() (id, status string) { return l.ID, l.Status }
func (l testLine) Failed() bool             { return l.Status == "failed" }

var testKind = Kind[testPlan, testLine]{
	Plan: "plan.json", Lines: "lines.jsonl", Folders: []string{"files"},
	Read: func(dir string) (p testPlan, err error) {
		return p, ReadJSON(filepath.Join(dir, "plan.json"), &p, true)
	},
	Write: func(dir string, p testPlan) error { return WriteJSON(filepath.Join(dir, "plan.json"), p) },
}

func open(t *testing.T, dir string, cells int) *Journal[testLine] {
	t.Helper()
	j, err := testKind.Open(dir, dir, testPlan{cells}, true)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// tasks are of two cells each; outcome says how a cell ends.
func tasks(n int, outcome func(i int) string) (out []Task[testLine]) {
	for i := 0; i < n; i += 2 {
		out = append(out, Task[testLine]{IDs: []string{fmt.Sprint(i), fmt.Sprint(i + 1)}, Run: func(context.Context) (lines []testLine, err error) {
			for k := i; k < i+2; k++ {
				lines = append(lines, testLine{ID: fmt.Sprint(k), Status: outcome(k)})
			}
			return lines, nil
		}})
	}
	return out
}

func ignore([]testLine) error { return nil }

// A run that goes on runs what is missing and what failed, in the order of the plan,
// and nothing else; the last line of a cell counts.
func TestRunGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(context.Background())
	j := open(t, dir, 8)
	ended := 0
	err := j.Run(ctx, tasks(8, func(i int) string { return map[bool]string{true: "failed", false: "ok"}[i == 1] }), func([]testLine) error {
		if ended++; ended == 2 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || j.Sound() != 3 {
		t.Fatalf("%v, %d sound cells", err, j.Sound())
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir, 8)
	var again []string
	if err := j.Run(context.Background(), tasks(8, func(int) string { return "ok" }), func(lines []testLine) error {
		again = append(again, lines[0].ID)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(again, []string{"0", "4", "6"}) || !j.Done("0", "1", "7") || j.Done("8") {
		t.Errorf("run again: %v", again)
	}
	lines, err := j.All()
	if err != nil || len(lines) != 8 || lines[1] != (testLine{ID: "1", Status: "ok"}) {
		t.Errorf("%+v, %v", lines, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// An error of a task, or of what reports it, ends the run; what ended before stays.
func TestRunEndsWithAnError(t *testing.T) {
	j := open(t, t.TempDir(), 4)
	defer j.Close()
	full := errors.New("full")
	list := tasks(4, func(int) string { return "ok" })
	if err := j.Run(context.Background(), list, func([]testLine) error { return full }); !errors.Is(err, full) || j.Sound() != 2 {
		t.Errorf("%v, %d cells", err, j.Sound())
	}
	list[1].Run = func(context.Context) ([]testLine, error) { return nil, full }
	if err := j.Run(context.Background(), list, ignore); !errors.Is(err, full) || j.Sound() != 2 {
		t.Errorf("%v, %d cells", err, j.Sound())
	}
}

// Whoever opens a directory that is not for them is told why.
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, 2)
	refused := func(want, dir string, cells int, resume bool) {
		t.Helper()
		if j, err := testKind.Open(dir, dir, testPlan{cells}, resume); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q: %v", want, err)
			if err == nil {
				_ = j.Close()
			}
		}
	}
	refused("run: out "+dir+": another run writes there now", dir, 2, true)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	refused("run: resume is not given", dir, 2, false)
	refused("cells is 2 there and 3 here", dir, 3, true)
	if err := os.WriteFile(filepath.Join(dir, "lines.jsonl"), []byte("{}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	refused("lines.jsonl:1: damaged", dir, 2, true)
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	refused("holds no run (thesis.tex)", foreign, 2, true)
	// Each refusal gave the lock back.
	if err := os.Remove(filepath.Join(dir, "lines.jsonl")); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir, 2).Close(); err != nil {
		t.Fatal(err)
	}
}

// What a cut run left half done is removed, and what is not a run's stays.
func TestOpenRemovesLeftovers(t *testing.T) {
	dir, stores := t.TempDir(), t.TempDir()
	if err := open(t, dir, 2).Close(); err != nil {
		t.Fatal(err)
	}
	left := []string{filepath.Join(dir, ".tmp-1"), filepath.Join(dir, "files", ".tmp-2"), filepath.Join(stores, "store-3")}
	kept := []string{filepath.Join(dir, "files", "0.hdr"), filepath.Join(stores, "restore-4")}
	for _, name := range slices.Concat(left, kept) {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	j, err := testKind.Open(dir, stores, testPlan{2}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	there := func(name string) bool { _, err := os.Stat(name); return err == nil }
	if slices.ContainsFunc(left, there) || !slices.ContainsFunc(kept, there) || !there(kept[0]) || !there(kept[1]) {
		t.Errorf("left %v, kept %v", left, kept)
	}
}

// Power cuts at random bytes of the lines, again and again: every cell ends, each that
// had a whole line ran once, and no line is lost or torn in the middle.
func TestCutAnywhere(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	const cells = 10
	path := filepath.Join(dir, "lines.jsonl")
	whole := 0 // lines that the last cut left
	for try := range 12 {
		j := open(t, dir, cells)
		if got := j.Sound(); got != whole {
			t.Fatalf("try %d: %d cells after the cut, want %d; warnings %q", try, got, whole, j.Warnings)
		}
		if err := j.Run(context.Background(), tasks(cells, func(int) string { return "ok" }), ignore); err != nil {
			t.Fatal(err)
		}
		if j.Sound() != cells {
			t.Fatalf("%d cells have ended", j.Sound())
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b = b[:rng.IntN(len(b)+1)]
		seen := map[string]bool{}
		for line := range strings.Lines(string(b)) {
			if strings.HasSuffix(line, "\n") {
				seen[line] = true // equal lines are of one cell
			}
		}
		whole = len(seen)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestResumeCommand(t *testing.T) {
	for _, command := range []string{"lsmlab bench --out x", "lsmlab bench --out x --resume"} {
		if got := ResumeCommand(command); got != "lsmlab bench --out x --resume" {
			t.Error(got)
		}
	}
}

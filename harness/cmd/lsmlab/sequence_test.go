package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lsmlab/harness/result"
)

// sequencePlan has a sequence, a store that is killed, and workloads with
// settings of their own.
func sequencePlan() result.Plan {
	return result.Plan{
		Engines: []string{"toy", "toybox"}, Workloads: []string{"overwrite", "readrandom", "readseq", "reopen", "durable"},
		Sequences:       [][]string{{"overwrite", "readrandom", "readseq"}},
		WorkloadOptions: map[string]map[string]any{"durable": {"workload": "fillrandom"}},
		WorkloadSettings: map[string]result.WorkloadSetting{
			"overwrite": {Threads: []int{2}}, "durable": {Durabilities: []string{"synced"}, Threads: []int{3}},
		},
		Durabilities: []string{"buffered"}, Threads: []int{1}, Rounds: 2, Seed: 1, Keys: 1000,
		Targets: &result.Targets{Own: []string{"toy"}, Lines: []result.TargetLine{
			{Name: "reopens", Workload: "reopen", Figure: "open_seconds", Ratio: 1e-9},
			{Name: "reads too well", Workload: "readrandom", Ratio: 1e9},
		}},
	}
}

// writePlan returns the path of a plan file.
func writePlan(t *testing.T, p result.Plan) string {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "own.json")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// The workloads of a sequence share a store: readseq finds every key without a
// preload of its own. What follows from the close stands in the last cell. A
// killed store is opened again with all its keys, or its reads would fail.
func TestBenchSequence(t *testing.T) {
	plan := writePlan(t, sequencePlan())
	dir := filepath.Join(t.TempDir(), "run")
	o := lab(t, "bench", "--no-report", "--plan", plan, "--out", dir)
	if o.status != exitSound {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	got := cells(t, dir)
	if len(got) != 2*5*2 {
		t.Fatalf("%d cells\n%s", len(got), o.stdout)
	}
	for _, c := range got {
		closed := c.DiskBytes > 0 && c.WriteBytes >= 0 && c.CloseSeconds > 0
		preloaded, opened := c.PreloadSeconds > 0, c.OpenSeconds > 0
		switch c.Workload {
		case "overwrite":
			if c.Threads != 2 || closed || !preloaded || !opened {
				t.Errorf("first of a sequence: %+v", c)
			}
		case "readrandom":
			if closed || preloaded || opened || c.UserBytesTotal < 2000*116 {
				t.Errorf("in a sequence: %+v", c)
			}
		case "readseq":
			if !closed || preloaded || c.Ops != 1000 || c.RSSPeakLifeBytes < c.RSSPeakBytes {
				t.Errorf("last of a sequence: %+v", c)
			}
		case "reopen":
			if !closed || preloaded || !opened {
				t.Errorf("reopened: %+v", c)
			}
		case "durable":
			if c.Durability != "synced" || c.Threads != 3 {
				t.Errorf("settings of its own: %s with %d threads", c.Durability, c.Threads)
			}
		}
	}
	for line, verdict := range map[string]string{"reopens": " met ", "reads too well": " not met "} {
		at := strings.Index(o.stdout, "\n"+line)
		if at < 0 || !strings.Contains(strings.SplitN(o.stdout[at+1:], "\n", 2)[0], verdict) {
			t.Errorf("want %q to be%sin\n%s", line, verdict, o.stdout)
		}
	}
	if !strings.Contains(o.stdout, "1 of 2 targets are met") {
		t.Error(o.stdout)
	}
}

// A sequence that was cut between its cells runs again as a whole; what ended
// before is not run again.
func TestBenchSequenceResume(t *testing.T) {
	plan := writePlan(t, sequencePlan())
	dir := filepath.Join(t.TempDir(), "run")
	if o := lab(t, "bench", "--no-report", "--plan", plan, "--out", dir); o.status != exitSound {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	path := filepath.Join(dir, "cells.jsonl")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	cut := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "readseq-toy-buffered-t1-r1") })
	if err := os.WriteFile(path, []byte(strings.Join(slices.Delete(lines, cut, cut+1), "")), 0o644); err != nil {
		t.Fatal(err)
	}
	o := lab(t, "bench", "--no-report", "--plan", plan, "--out", dir, "--resume")
	if o.status != exitSound || strings.Count(o.stdout, " ops/s ") != 3 || !strings.Contains(o.stdout, "17 of them are there already") {
		t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	if got := cells(t, dir); len(got) != 20 {
		t.Errorf("%d cells", len(got))
	}
}

// An engine that fails in a sequence fails all its cells, and no others.
func TestBenchSequenceFails(t *testing.T) {
	p := sequencePlan()
	p.Engines, p.Rounds, p.Targets = []string{"toy", "liar"}, 1, nil
	dir := filepath.Join(t.TempDir(), "run")
	if o := lab(t, "bench", "--no-report", "--plan", writePlan(t, p), "--out", dir); o.status != exitFinding {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	failed := 0
	for _, c := range cells(t, dir) {
		if c.Status == result.StatusFailed {
			failed++
			if c.Engine != "liar" || !strings.Contains(c.Error, "wrong value") {
				t.Errorf("%s failed: %s", c.ID, c.Error)
			}
		}
	}
	if failed != 4 { // three of the sequence, and reopen; durable reads nothing
		t.Errorf("%d cells failed, want 4", failed)
	}
}

func TestBenchWrongSequences(t *testing.T) {
	for want, change := range map[string]func(*result.Plan){
		"must be one of the workloads": func(p *result.Plan) { p.Sequences[0][0] = "fillseq" },
		"in one sequence only":         func(p *result.Plan) { p.Sequences[0][1] = "overwrite" },
		"one number of threads":        func(p *result.Plan) { p.Threads = []int{1, 2} },
		"give all of a sequence one durability": func(p *result.Plan) {
			p.WorkloadSettings["readseq"] = result.WorkloadSetting{Durabilities: []string{"synced"}}
		},
		"the same preloaded keys": func(p *result.Plan) {
			p.Sequences[0][1] = "durable"
			p.WorkloadSettings["durable"] = result.WorkloadSetting{}
		},
		"is no workload of the plan": func(p *result.Plan) {
			p.WorkloadSettings["readsek"] = result.WorkloadSetting{}
		},
	} {
		p := sequencePlan()
		change(&p)
		o := lab(t, "bench", "--no-report", "--plan", writePlan(t, p), "--out", filepath.Join(t.TempDir(), "run"))
		if o.status != exitUsage || !strings.Contains(o.stderr, want) {
			t.Errorf("status %d, %q: want %q", o.status, o.stderr, want)
		}
	}
}

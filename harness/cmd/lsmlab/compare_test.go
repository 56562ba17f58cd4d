package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/harness/cmd/inventory"
	"lsmlab/harness/compare"
	"lsmlab/harness/result"
)

// writeRun makes a run directory of one workload with the given throughputs of
// five rounds, as a run leaves it.
func writeRun(t *testing.T, durability string, speed map[string]float64) string {
	t.Helper()
	dir := t.TempDir()
	p := result.Plan{Engines: []string{"toy", "toybox"}, Workloads: []string{"fillrandom"}, Durabilities: []string{durability}, Threads: []int{1}, Rounds: 5, Keys: 100}
	if err := result.WritePlan(dir, p); err != nil {
		t.Fatal(err)
	}
	w, err := result.OpenCells(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range p.Engines {
		for round := 1; round <= 5; round++ {
			c := result.Cell{
				ID: result.CellID("fillrandom", e, durability, 1, round), Status: result.StatusOK, Engine: e, Workload: "fillrandom",
				Durability: durability, Threads: 1, Round: round, Ops: 100, OpsPerSec: speed[e] * (1 + 0.01*float64(round)),
				Latency: result.Latency{P99: 1000},
			}
			if err := w.Append(c); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCompareCommand(t *testing.T) {
	a := writeRun(t, "buffered", map[string]float64{"toy": 100_000, "toybox": 100_000})
	b := writeRun(t, "buffered", map[string]float64{"toy": 100_000, "toybox": 50_000})
	synced := writeRun(t, "synced", map[string]float64{"toy": 1, "toybox": 1})
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{a, b}, exitFinding, "1 of 2 comparisons are worse"},
		{[]string{b, a}, exitSound, "better"},
		{[]string{a, a}, exitSound, "not resolved"},
		{[]string{a, b, "--threshold", "0.6"}, exitSound, "worse"},
		{[]string{b}, exitSound, "toybox"},
		{[]string{b, "--baseline", "toybox"}, exitSound, "2.000"},
		{[]string{a, synced}, exitUsage, "different durability levels"},
		{[]string{a, t.TempDir()}, exitUsage, "not a run directory"},
		{[]string{a, "--baseline", "nope"}, exitUsage, "lsmlab: --baseline nope: "},
		{[]string{a, b, "--baseline", "toy"}, exitUsage, "one run"},
		{[]string{a, b, a}, exitUsage, "env.json is missing"},
		{[]string{}, exitUsage, "0 arguments given"},
		{[]string{a, b, "--threshold", "7"}, exitUsage, "--threshold is 7"},
	} {
		o := lab(t, append([]string{"compare"}, c.args...)...)
		if o.status != c.status || !strings.Contains(o.stdout+o.stderr, c.want) {
			t.Errorf("%v: status %d, want %d and %q\n%s%s", c.args, o.status, c.status, c.want, o.stdout, o.stderr)
		}
	}
	o := lab(t, "compare", a, b, "--json")
	var got compare.Comparison
	if err := json.Unmarshal([]byte(o.stdout), &got); err != nil || o.status != exitFinding || got.Worse != 1 || len(got.Rows) != 2 {
		t.Errorf("status %d, %v, %+v", o.status, err, got)
	}
}

func TestCompareDamagedRun(t *testing.T) {
	a := writeRun(t, "buffered", map[string]float64{"toy": 1, "toybox": 1})
	path := filepath.Join(a, "cells.jsonl")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[3] = '!'
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if o := lab(t, "compare", a); o.status != exitUsage || !strings.Contains(o.stderr, "cells.jsonl:1: damaged") {
		t.Errorf("status %d, %s", o.status, o.stderr)
	}
}

func TestList(t *testing.T) {
	o := lab(t, "list")
	for _, want := range []string{"toybox", "ycsb-a", "badger-skl"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("no %s in\n%s", want, o.stdout)
		}
	}
	o = lab(t, "list", "workloads", "--json")
	var l inventory.Listing
	if err := json.Unmarshal([]byte(o.stdout), &l); err != nil || len(l.Engines) != 0 || len(l.Workloads) < 10 {
		t.Errorf("%v %+v", err, l)
	}
	if o := lab(t, "list", "faults"); o.status != exitSound || !strings.Contains(o.stdout, "posix-strict") || !strings.Contains(o.stdout, "wal-sync-skipped") {
		t.Errorf("faults: status %d\n%s", o.status, o.stdout)
	}
	if o := lab(t, "list", "fautls"); o.status != exitUsage {
		t.Errorf("a list that there is not: status %d", o.status)
	}
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, exitSound, "Available Commands"},
		{[]string{"--help"}, exitSound, "Exit status"},
		{[]string{"bnch"}, exitUsage, "did you mean bench?"},
		{[]string{"cell"}, exitUsage, "run by `lsmlab bench`"},
	} {
		o := lab(t, c.args...)
		if o.status != c.status || !strings.Contains(o.stdout+o.stderr, c.want) {
			t.Errorf("%v: status %d\n%s%s", c.args, o.status, o.stdout, o.stderr)
		}
	}
}

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"lsmlab/harness"
	"lsmlab/harness/result"
)

// tiny are the flags of a run of a few milliseconds a cell.
var tiny = []string{"--keys", "2000", "--rounds", "2", "--threads", "2", "--duration", "0s"}

func benchArgs(dir string, more ...string) []string {
	return slices.Concat([]string{"bench", "--no-report", "--control", "", "--out", dir}, tiny, more)
}

// A run leaves every file of a run directory, each readable, with figures that
// add up.
func TestBench(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	o := lab(t, benchArgs(dir, "--engines", "toy,toybox", "--workloads", "fillrandom,readrandom,ycsb-e,readwhilewriting,deleterandom")...)
	if o.status != exitSound {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	got := cells(t, dir)
	if len(got) != 2*5*2 {
		t.Fatalf("%d cells\n%s", len(got), o.stdout)
	}
	seeds := map[int]uint64{}
	for _, c := range got {
		if !c.OK() || c.Ops < 2000 || c.OpsPerSec <= 0 || c.Seconds <= 0 || c.Latency.P50 <= 0 || c.Latency.Max < c.Latency.P999 ||
			c.CPUSeconds <= 0 || c.RSSPeakBytes <= 0 || c.DiskBytes <= 0 || c.HarnessNSPerOp <= 0 || c.LiveBytes <= 0 && c.Workload != "deleterandom" {
			t.Errorf("cell without figures: %+v", c)
		}
		if s, ok := seeds[c.Round]; ok && s != c.Seed {
			t.Errorf("round %d has seeds %d and %d", c.Round, s, c.Seed)
		}
		seeds[c.Round] = c.Seed
		switch c.Workload {
		case "readwhilewriting":
			if len(c.Roles) != 2 || c.Roles[0].Name != "reader" || c.Roles[0].Ops != c.Ops || c.Roles[1].Threads != 1 {
				t.Errorf("roles %+v", c.Roles)
			}
		case "ycsb-e":
			if len(c.Kinds) != 2 || c.Kinds[0].Ops+c.Kinds[1].Ops != c.Ops {
				t.Errorf("kinds %+v of %d operations", c.Kinds, c.Ops)
			}
		case "fillrandom":
			if c.UserBytes != 2000*116 || c.LiveBytes > c.UserBytes || c.LiveBytes < c.UserBytes/2 {
				t.Errorf("user bytes %d, live %d", c.UserBytes, c.LiveBytes)
			}
		}
	}
	r, err := result.ReadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Env.CPU == "" || r.Env.FileSystem == "" || len(r.Env.Engines) != 2 || r.Env.HarnessNSPerOp <= 0 || !strings.Contains(r.Env.Command, "--engines=toy,toybox") {
		t.Errorf("env %+v", r.Env)
	}
	bench, err := os.ReadFile(filepath.Join(dir, "bench.txt"))
	if n := strings.Count(string(bench), "\nBenchmark"); err != nil || n != 20 {
		t.Errorf("bench.txt has %d lines, %v", n, err)
	}
}

// With --rate every operation starts on schedule and both times are kept.
func TestBenchOpenLoop(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	o := lab(t, benchArgs(dir, "--engines", "toy", "--workloads", "ycsb-a", "--rate", "4000", "--duration", "300ms", "--rounds", "1")...)
	if o.status != exitSound {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	c := cells(t, dir)[0]
	if c.Loop != result.LoopOpen || c.Intended == nil || c.Intended.P99 < c.Latency.P50 || c.Ops < 100 || c.Ops > 1200 {
		t.Errorf("%+v", c)
	}
	series, err := result.ReadSeries(filepath.Join(dir, c.SeriesFile))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range series {
		names = append(names, s.Name)
	}
	for _, want := range []string{result.SeriesOps, result.SeriesP99, result.SeriesIntendedP99, result.SeriesL0, result.SeriesFlushes, result.SeriesCompactions, result.SeriesHeap, result.SeriesRSS} {
		if !slices.Contains(names, want) {
			t.Errorf("no timeline %s in %v", want, names)
		}
	}
}

func TestBenchMemTables(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	o := lab(t, "bench", "--no-report", "--memtables", "--quick", "--out", dir, "--keys", "5000", "--rounds", "1")
	if o.status != exitSound {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	for _, c := range cells(t, dir) {
		if !c.OK() || c.OpsPerSec <= 0 || c.GCCycleNS <= 0 || c.Durability != "volatile" {
			t.Errorf("%+v", c)
		}
		if want := map[string]int64{"memtable-walk": 5000 * int64(c.Threads)}[c.Workload]; want != 0 && c.Ops != want {
			t.Errorf("%s: %d operations, want %d", c.ID, c.Ops, want)
		}
	}
}

// A cell that crashes, hangs or gives wrong answers is a failed cell that says
// why; the others go on, and the status is 1.
func TestBenchFailures(t *testing.T) {
	for engine, want := range map[string]string{"crasher": "planted crash", "hanger": "cell_timeout", "liar": "wrong value"} {
		t.Run(engine, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			limit := "5m"
			if engine == "hanger" {
				limit = "8s" // must be enough for the sound one too
			}
			o := lab(t, benchArgs(dir, "--engines", "toy,"+engine, "--workloads", "ycsb-a", "--rounds", "1", "--cell-timeout", limit)...)
			if o.status != exitFinding || !strings.Contains(o.stderr, "1 of 2 cells failed") {
				t.Errorf("status %d, %s", o.status, o.stderr)
			}
			for _, c := range cells(t, dir) {
				if c.Engine == "toy" && !c.OK() {
					t.Errorf("the sound engine failed too: %s", c.Error)
				}
				if c.Engine == engine && (c.Status != result.StatusFailed || !strings.Contains(c.Error, want) || strings.Contains(c.Error, "\n") || c.Ops != 0) {
					t.Errorf("%s: %q", c.Status, c.Error)
				}
				if engine != "liar" && c.Engine == engine && !strings.Contains(c.Stderr, "goroutine") {
					t.Errorf("no stacks in %q", c.Stderr)
				}
			}
		})
	}
}

func TestBenchDurabilityThatIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	o := lab(t, benchArgs(dir, "--engines", "toy,picky", "--workloads", "fillrandom", "--durability", "synced", "--rounds", "1")...)
	if o.status != exitSound {
		t.Fatalf("status %d, %s", o.status, o.stderr)
	}
	for _, c := range cells(t, dir) {
		if (c.Status == result.StatusUnsupported) != (c.Engine == "picky") {
			t.Errorf("%s: %s", c.ID, c.Status)
		}
	}
}

func TestBenchFullDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	o := lab(t, benchArgs(dir, "--engines", "full", "--workloads", "fillrandom")...)
	if o.status != exitUsage || !strings.Contains(o.stderr, "make room") {
		t.Errorf("status %d, %s", o.status, o.stderr)
	}
	if got := cells(t, dir); len(got) != 1 || got[0].OK() {
		t.Errorf("%+v", got)
	}
}

func TestBenchEngineThatPrints(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if o := lab(t, benchArgs(dir, "--engines", "printer", "--workloads", "fillrandom")...); o.status != exitSound {
		t.Errorf("status %d, %s", o.status, o.stderr)
	}
}

// What makes no sense is refused with one line that names the flag and what to
// do, before anything is written.
func TestBenchWrongUse(t *testing.T) {
	parent := t.TempDir()
	file := filepath.Join(parent, "file")
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(parent, "broken.json")
	if err := os.WriteFile(broken, []byte("{\n  \"roundz\": 3\n}"), 0o644); err != nil {
		t.Fatal(err)
	}
	negative := filepath.Join(parent, "negative.json")
	if err := os.WriteFile(negative, []byte(`{"cache_size": -5}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--engines", "tyo"}, "did you mean toy?"},
		{[]string{"--workloads", "fillrandum"}, "did you mean fillrandom?"},
		{[]string{"--rounds", "0"}, "--rounds is 0"},
		{[]string{"--keys", "-5"}, "--keys is -5"},
		{[]string{"--value-size", "-2"}, "--value-size is -2"},
		{[]string{"--key-size", "-1"}, "--key-size is -1"},
		{[]string{"--key-size", "4"}, "key_size is 4"},
		{[]string{"--threads", "0"}, "--threads is 0"},
		{[]string{"--rate", "-1"}, "--rate is -1"},
		{[]string{"--durability", "hopeful"}, "want volatile, buffered or synced"},
		{[]string{"--engines", "toy,toy"}, "toy is named twice"},
		{[]string{"--plan", "nope"}, "no such plan"},
		{[]string{"--plan", broken}, "broken.json:"},
		{[]string{"--plan", negative}, "plan: cache_size is -5: want 0 to"},
		{[]string{"--plan", filepath.Join(parent, "none.json")}, "no such file"},
		{[]string{"--memtables", "--plan", "quick"}, "races engines"},
		{[]string{"--keys", "90000000000000000"}, "--keys is"},
		{[]string{"--keys", "60000000000", "--value-size", "100000"}, "fewer keys"},
		{[]string{"--cache-size", "many"}, "is no size"},
		{[]string{"surplus"}, "unknown argument"},
		{[]string{"--nonsense"}, "nonsense"},
		{[]string{"--out", file}, "--out"},
		{[]string{"--out", filepath.Join(file, "below")}, "can be written"},
		{[]string{"--out", parent}, "is not empty and holds no run"},
		{[]string{"--out", ""}, "--resume"},
	} {
		out := filepath.Join(parent, "run")
		args := append(benchArgs(out, "--engines", "toy", "--workloads", "fillrandom"), c.args...)
		if c.args[len(c.args)-1] == "" && c.args[0] == "--out" {
			args = append(args, "--resume")
		}
		o := lab(t, args...)
		line := strings.TrimSuffix(o.stderr, "\n")
		if o.status != exitUsage || !strings.Contains(line, c.want) || strings.Contains(line, "\n") || len(line) > 600 {
			t.Errorf("%v: status %d, want one line with %q, got\n%s", c.args, o.status, c.want, o.stderr)
		}
		if got, _, _ := result.ReadCells(out); len(got) > 0 {
			t.Errorf("%v: left %d results", c.args, len(got))
		}
		if err := os.RemoveAll(out); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBenchUnwritableOut names a directory that even root cannot make.
func TestBenchUnwritableOut(t *testing.T) {
	if o := lab(t, benchArgs("/proc/lsmlab-run", "--engines", "toy", "--workloads", "fillrandom")...); o.status != exitUsage || !strings.Contains(o.stderr, "can be written") {
		t.Errorf("status %d, %s", o.status, o.stderr)
	}
}

func TestBenchExistingRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	args := benchArgs(dir, "--engines", "toy", "--workloads", "fillrandom")
	if o := lab(t, args...); o.status != exitSound {
		t.Fatal(o.stderr)
	}
	before, err := os.ReadFile(filepath.Join(dir, "cells.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if o := lab(t, args...); o.status != exitUsage || !strings.Contains(o.stderr, "--resume") {
		t.Errorf("again: status %d, %s", o.status, o.stderr)
	}
	other := append(slices.Clone(args), "--resume", "--keys", "3000")
	if o := lab(t, other...); o.status != exitUsage || !strings.Contains(o.stderr, "keys is 2000 there and 3000 here") {
		t.Errorf("another plan: status %d, %s", o.status, o.stderr)
	}
	if o := lab(t, append(args, "--resume")...); o.status != exitSound || !strings.Contains(o.stdout, "2 of them are there") {
		t.Errorf("nothing left to do: status %d, %s%s", o.status, o.stdout, o.stderr)
	}
	after, err := os.ReadFile(filepath.Join(dir, "cells.jsonl"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("cells.jsonl changed, %v", err)
	}
}

// startSlow starts the program in a process of its own on many slow cells and
// returns it once some cells have ended.
func startSlow(t *testing.T, dir string, atLeast int) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, slowArgs(dir)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if got, _, _ := result.ReadCells(dir); len(got) >= atLeast {
			return cmd, &out
		}
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // out is its until then
			t.Fatalf("no %d cells in time: %s", atLeast, out.String())
		}
	}
}

func slowArgs(dir string) []string {
	return []string{
		"bench", "--no-report", "--control", "", "--out", dir, "--resume", "--engines", "slow,toy", "--workloads", "fillrandom",
		"--keys", "150", "--threads", "1", "--rounds", "5", "--duration", "0s",
	}
}

// noChildren fails if a cell's process outlives its run: the store would be gone
// below it, and it would disturb the next.
func noChildren(t *testing.T, dir string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
		open := slices.ContainsFunc(links, func(l string) bool {
			target, err := os.Readlink(l)
			return err == nil && strings.HasPrefix(target, dir+"/store-")
		})
		if !open {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a cell's process is still there")
		}
	}
}

// Ctrl-C: the running cell goes, all that ended stay, and the advice works.
func TestBenchInterruptAndResume(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd, out := startSlow(t, dir, 2)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if cmd.ProcessState.ExitCode() != exitInterrupted || !strings.Contains(out.String(), "go on with: lsmlab bench") {
		t.Fatalf("status %d\n%s", cmd.ProcessState.ExitCode(), out.String())
	}
	noChildren(t, dir)
	before := cells(t, dir)
	if len(before) < 2 || len(before) >= 10 {
		t.Fatalf("%d cells before the resume", len(before))
	}
	resumeAndCheck(t, dir, before)
}

// A kill leaves no time for anything; only what is on disk counts. The torn line
// is what a power cut could leave on top of it.
func TestBenchKillAndResume(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd, _ := startSlow(t, dir, 2)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	noChildren(t, dir)
	before, _, err := result.ReadCells(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "cells.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"id":"torn","status":"ok","ops":1`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	resumeAndCheck(t, dir, before)
}

func resumeAndCheck(t *testing.T, dir string, before []result.Cell) {
	t.Helper()
	o := lab(t, slowArgs(dir)...)
	if o.status != exitSound {
		t.Fatalf("resume: status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	after := cells(t, dir)
	if len(after) != 10 {
		t.Errorf("%d cells after the resume", len(after))
	}
	for i, c := range before {
		if a := after[i]; a.ID != c.ID || a.Started != c.Started || a.Ops != c.Ops {
			t.Errorf("cell %d was %s of %v, now %s of %v", i, c.ID, c.Started, a.ID, a.Started)
		}
	}
}

// Two runs into one directory would mix their lines.
func TestBenchLocksItsDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd, _ := startSlow(t, dir, 1)
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	if o := lab(t, slowArgs(dir)...); o.status != exitUsage || !strings.Contains(o.stderr, "another run") {
		t.Errorf("status %d, %s", o.status, o.stderr)
	}
}

// The plans that come with lsmlab are sound, but for engines that toys lack.
func TestPlans(t *testing.T) {
	for _, name := range harness.PlanNames() {
		args := []string{"bench", "--plan", name, "--print-plan"}
		if p, err := harness.LoadPlan(name); err != nil {
			t.Fatal(err)
		} else if p.MemTables {
			args = append(args, "--engines", "badger-skl")
		} else {
			args = append(args, "--engines", "toy")
		}
		o := lab(t, args...)
		if o.status != exitSound || !strings.Contains(o.stdout, `"rounds"`) {
			t.Errorf("plan %s: status %d, %s", name, o.status, o.stderr)
		}
	}
}

// Values of a size that a flag gives are those of every workload, also where the plan gives
// a workload its own; a workload that has rows of its own runs with the default plan.
func TestBenchValueSize(t *testing.T) {
	for _, c := range []struct{ flags, want, not string }{
		{"--value-size=7", `"value_size": 7`, `"value_size": 100`},
		{"--workloads=tpcc", `"tpcc"`, `"value_size": 7`},
		{"--rounds=3", `"value_size": 100`, `"value_size": 7`},
	} {
		o := lab(t, "bench", "--print-plan", "--engines", "toy", "--control", "", c.flags)
		if o.status != exitSound || !strings.Contains(o.stdout, c.want) || strings.Contains(o.stdout, c.not) {
			t.Errorf("%s: status %d\n%s%s", c.flags, o.status, o.stdout, o.stderr)
		}
	}
}

// A search for the rate that lasts leaves one cell, which is the trial at that rate. If no rate
// holds on a machine that is busy, the cell says so.
func TestBenchSustain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	o := lab(t, "bench", "--control", "", "--out", dir, "--engines", "toy", "--workloads", "overwrite", "--keys", "1000", "--rounds", "1",
		"--threads", "1", "--sustain", "10s", "--steady", "100ms", "--duration", "200ms")
	got := cells(t, dir)
	if len(got) != 1 || got[0].Sustained == nil {
		t.Fatalf("%d cells, status %d\n%s%s", len(got), o.status, o.stdout, o.stderr)
	}
	c := got[0]
	held := 0.0
	for _, try := range c.Sustained.Trials {
		if try.Holds {
			held = max(held, try.Rate)
		}
	}
	if c.Sustained.PeakOpsPerSec <= 0 || held != c.Sustained.Rate || c.OK() != (held > 0) {
		t.Errorf("%+v", c.Sustained)
	}
	if c.OK() && (c.Loop != result.LoopSustained || c.Rate != 0 || c.Intended == nil || c.OpsPerSec < 0.95*held) {
		t.Errorf("%+v", c)
	}
	if page, err := os.ReadFile(filepath.Join(dir, "index.html")); err != nil || c.OK() && !strings.Contains(string(page), "Rates that were tried") {
		t.Errorf("no table of the rates: %v", err)
	}
	for flag, want := range map[string]string{"--ops=1000": "give a duration and no ops", "--rate=5": "the plan also has rate"} {
		o := lab(t, "bench", "--out", filepath.Join(t.TempDir(), "no"), "--engines", "toy", "--workloads", "overwrite", "--sustain", "10ms", flag)
		if o.status != exitUsage || !strings.Contains(o.stderr, want) {
			t.Errorf("%s: status %d, %s", flag, o.status, o.stderr)
		}
	}
}

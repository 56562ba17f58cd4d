package main

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"lsmlab/engines/testseed"
	"lsmlab/harness/cmd/inventory"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
)

// total returns the counts of a run directory.
func total(t *testing.T, dir string) (sum explore.Counts) {
	t.Helper()
	_, cells, _, err := rundir.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range cells {
		sum.Add(&cells[i].Counts)
	}
	return sum
}

// Two shards do the work of one run between them, and merge to its counts.
func TestCrashSimShards(t *testing.T) {
	dir, seed := t.TempDir(), fmt.Sprint(testseed.New(t))
	sim := func(out string, more ...string) {
		t.Helper()
		args := append([]string{
			"sim", "--engines", "lsm-bptree", "--profile", "posix-strict", "--programs", "1", "--no-short",
			"--depth", "1", "--seed", seed, "--out", filepath.Join(dir, out),
		}, more...)
		if status, text := crash("", args...); status != exitSound || !strings.Contains(text, "states before") {
			t.Fatalf("status %d:\n%s", status, text)
		}
	}
	sim("whole")
	sim("one", "--shard", "0/2")
	sim("two", "--shard", "1/2")
	if status, text := crash("", "merge", filepath.Join(dir, "one"), filepath.Join(dir, "two"), "--out", filepath.Join(dir, "merged")); status != exitSound {
		t.Fatalf("status %d:\n%s", status, text)
	}
	whole, merged := total(t, filepath.Join(dir, "whole")), total(t, filepath.Join(dir, "merged"))
	if !reflect.DeepEqual(whole, merged) || whole.Programs != 5 || whole.Distinct < 500 {
		t.Errorf("one run: %+v\nmerged: %+v", whole, merged)
	}
	// Without a seed shards agree on one, and the run says how to see new states.
	if status, text := crash("", "sim", "--engines", "lsm-bptree", "--profile", "drop-all", "--programs", "1", "--no-short", "--shard", "0/2", "--out", filepath.Join(dir, "agreed")); status != exitSound ||
		!strings.Contains(text, "the same --seed") || !strings.Contains(text, "seed 1, again by") {
		t.Errorf("status %d:\n%s", status, text)
	}
	if one := total(t, filepath.Join(dir, "one")); one.Programs != 3 {
		t.Errorf("the first shard has %d programs, want 3 of 5", one.Programs)
	}
}

// A planted bug is found, kept, told in words and shown again by the command that
// the finding names, and not shown any more once the bug is gone.
func TestCrashSimFinding(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	status, text := crash("", "sim", "--engines", "lsm-skiplist", "--profile", "posix-strict", "--bug", "table-not-synced", "--seed", "1", "--out", dir)
	first, err := filepath.Glob(filepath.Join(dir, "findings", "001-*"))
	if status != exitFinding || err != nil || len(first) != 1 {
		t.Fatalf("status %d, findings %q, %v:\n%s", status, first, err, text)
	}
	finding := first[0]
	_, rule, _ := strings.Cut(filepath.Base(finding), "-")
	for _, want := range []string{"weakest profile", "power cut before", "made by write /db/0", "sstable.(*Writer)", "lsmlab crash replay " + finding} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if status, text := crash("", "replay", finding); status != exitFinding || !strings.Contains(text, "shown again") {
		t.Errorf("replay: status %d:\n%s", status, text)
	}
	f, err := rundir.ReadFinding(finding)
	if err != nil {
		t.Fatal(err)
	}
	f.Bug = ""
	fixed, err := rundir.Create(filepath.Join(t.TempDir(), "fixed"), rundir.Run{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := fixed.AddFinding(f)
	if err != nil {
		t.Fatal(err)
	}
	if status, text := crash("", "replay", again); status != exitSound || !strings.Contains(text, "not shown any more") {
		t.Errorf("replay without the bug: status %d:\n%s", status, text)
	}
	state := filepath.Join(t.TempDir(), "state")
	if err := f.State(state); err != nil {
		t.Fatal(err)
	}
	status, text = crash("", "check", "--engine", "lsm-skiplist", "--small", "--dir", state, "--history", filepath.Join(finding, "history.jsonl"),
		"--position", "1000000")
	if status != exitFinding || !strings.Contains(text, `"rule":"`+rule+`"`) {
		t.Errorf("check of the kept state on real files: status %d:\n%s", status, text)
	}
}

func TestCrashSimUsage(t *testing.T) {
	for args, want := range map[string]string{
		"sim --profile fat":         "drop-all, ext4-ordered",
		"sim --bug none":            "wal-sync-skipped",
		"sim --shard 4/4":           "0/4",
		"sim --depth 0":             "--depth is 0: want 1 to 5",
		"sim --states 0":            "--states is 0: want 1 or more",
		"sim --for -1s":             "such as 1h",
		"sim --for 1s --programs 1": "none of the others can be",
		"sim --engines bbolt":       "lsmlab crash disk",
		"sim --engines peble":       "did you mean",
		"replay":                    "one finding",
		"replay /nowhere":           "no finding",
		"merge /nowhere --out /tmp": "no run directory",
	} {
		out := t.TempDir()
		words := strings.Fields(args)
		if words[0] == "sim" {
			words = append(words, "--out", filepath.Join(out, "x"))
		}
		if status, text := crash("", words...); status != exitUsage || !strings.Contains(text, want) {
			t.Errorf("%s: status %d, want %q in: %s", args, status, want, text)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := filepath.Join(t.TempDir(), "cut")
	var out strings.Builder
	if status := run(ctx, inventory.Catalog(), []string{"crash", "sim", "--out", dir}, strings.NewReader(""), &out, &out); status != exitInterrupted {
		t.Errorf("interrupted: status %d: %s", status, out.String())
	}
	if r, _, _, err := rundir.Read(dir); err != nil || !r.Stopped {
		t.Errorf("interrupted: %+v, %v", r, err)
	}
}

package main

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lsmlab/harness/cmd/inventory"
	"lsmlab/powerfail/rundir"
)

// againBy is the line that every crash run begins with.
var againBy = regexp.MustCompile(`(?m)^seed (\d+), again by: lsmlab crash (.*)$`)

// Each run draws a seed, and the line that it prints does the same work again.
func TestCrashSimFreshSeed(t *testing.T) {
	dir := t.TempDir()
	sim := func(name string, args ...string) (seed, again string) {
		t.Helper()
		status, text := crash("", append(args, "--out", filepath.Join(dir, name))...)
		found := againBy.FindStringSubmatch(text)
		if status != exitSound || found == nil {
			t.Fatalf("status %d:\n%s", status, text)
		}
		return found[1], found[2]
	}
	args := []string{"sim", "--engines", "lsm-bptree", "--profile", "ext4-ordered", "--programs", "1", "--no-short", "--depth", "1"}
	one, again := sim("one", args...)
	if other, _ := sim("other", args...); other == one {
		t.Errorf("two runs have seed %s", one)
	}
	repeated, _ := sim("again", strings.Fields(again)...)
	if a, b := total(t, filepath.Join(dir, "one")), total(t, filepath.Join(dir, "again")); repeated != one || a.Distinct != b.Distinct || a.Explored != b.Explored {
		t.Errorf("seed %s: %+v\nthe printed line, seed %s: %+v", one, a, repeated, b)
	}
}

// A soak explores chunk after chunk, each with a seed of its own, and sums them up
// by engine and profile.
func TestCrashSimSoak(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "soak")
	status, text := crash("", "sim", "--for", "2s", "--states", "50", "--engines", "lsm-bptree,lsm-rbtree", "--profile", "drop-all", "--out", dir)
	if status != exitSound || !strings.Contains(text, "0 findings in ") || !strings.Contains(text, "would have been found with 95%") {
		t.Fatalf("status %d:\n%s", status, text)
	}
	run, cells, _, err := rundir.Read(dir)
	if err != nil || len(cells) != 2 || run.Stopped {
		t.Fatalf("%+v, %+v, %v", run, cells, err)
	}
	seeds := slices.Compact(slices.Sorted(slices.Values(run.Seeds)))
	if len(seeds) < 3 || len(seeds) != len(run.Seeds) || slices.Contains(seeds, run.Seed) {
		t.Errorf("seeds %v of seed %d", run.Seeds, run.Seed)
	}
	if cells[0].Distinct < 50 || cells[0].Seconds <= 0 {
		t.Errorf("%+v", cells)
	}
}

// An engine and profile that has its findings is left out, and a soak with
// nothing left to explore ends. The finding is kept, with the line of its chunk.
func TestCrashSimSoakFinding(t *testing.T) {
	dir := t.TempDir()
	status, text := crash("", "sim", "--for", "1h", "--engines", "lsm-skiplist", "--profile", "posix-strict", "--bug", "wal-sync-skipped", "--depth", "1", "--out", filepath.Join(dir, "soak"))
	chunk := regexp.MustCompile(`its chunk: lsmlab crash (.*)`).FindStringSubmatch(text)
	if status != exitFinding || chunk == nil || !strings.Contains(text, "1 findings in") {
		t.Fatalf("status %d:\n%s", status, text)
	}
	if !strings.Contains(chunk[1], " --depth 1 --findings 1") {
		t.Errorf("the line of the chunk leaves out what it was explored with: %s", chunk[1])
	}
	if kept, err := filepath.Glob(filepath.Join(dir, "soak", "findings", "001-*", "program.txt")); err != nil || len(kept) != 1 {
		t.Errorf("kept %v, %v", kept, err)
	}
	if status, text := crash("", append(strings.Fields(chunk[1]), "--out", filepath.Join(dir, "chunk"))...); status != exitFinding {
		t.Errorf("%s: status %d:\n%s", chunk[0], status, text)
	}
}

// cancels is an output that cancels a context once something is printed.
type cancels struct {
	strings.Builder
	cancel context.CancelFunc
}

func (c *cancels) Write(b []byte) (int, error) {
	c.cancel()
	return c.Builder.Write(b)
}

// Ctrl-C ends a soak with its summary; of no state there is no rate.
func TestCrashSimSoakInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &cancels{cancel: cancel}
	dir := filepath.Join(t.TempDir(), "soak")
	status := run(ctx, inventory.Catalog(), []string{"crash", "sim", "--for", "1h", "--out", dir}, strings.NewReader(""), out, out)
	text := out.String()
	if status != exitInterrupted || !strings.Contains(text, "0 findings in ") || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Errorf("status %d:\n%s", status, text)
	}
	if r, cells, _, err := rundir.Read(dir); err != nil || !r.Stopped || len(cells) != 9 {
		t.Errorf("%+v, %d cells, %v", r, len(cells), err)
	}
}

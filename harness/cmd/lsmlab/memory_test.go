package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/testneed"
	"lsmlab/harness/cgroup"
	"lsmlab/harness/result"
)

// TestMemory: the process of a cell has the limit of the plan, its result says so, and no
// control group is left, also of cells that crashed.
func TestMemory(t *testing.T) {
	host, err := cgroup.Find("/proc/self")
	var probe *cgroup.Group
	if err == nil {
		probe, err = host.New(64 << 20)
	}
	if err != nil {
		testneed.Missing(t, fmt.Sprintf("a control group that limits memory: %v", err))
	}
	if err := probe.Remove(); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "run")
	o := lab(t, "bench", "--engines", "toy,crasher", "--control", "", "--workloads", "fillrandom", "--keys", "2000", "--rounds", "1",
		"--memory", "512MiB", "--no-report", "--out", out)
	if o.status != exitFinding {
		t.Fatalf("status %d: %s%s", o.status, o.stdout, o.stderr)
	}
	got, _, err := result.ReadCells(out)
	if err != nil || len(got) != 2 || got[0].MemoryLimit != 512<<20 {
		t.Fatalf("%+v, %v", got, err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(probe.Dir()), cgroup.Prefix()+"*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q %v", left, err)
	}
	if o := lab(t, "bench", "--engines", "toy", "--workloads", "fillrandom", "--memory", "1MiB", "--out", out+"2"); o.status != exitUsage || !strings.Contains(o.stderr, "--memory is 1048576: want at least") {
		t.Errorf("status %d: %s", o.status, o.stderr)
	}
}

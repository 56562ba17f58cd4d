package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines/testneed"
	"lsmlab/engines/testseed"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/vmtier"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/vm"
	"lsmlab/powerfail/vm/kernel"
)

// guestInit builds the init of the guest, or skips the test where machines can't
// be had.
func guestInit(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("boots machines, in which a program with the race detector takes minutes: run without -short")
	}
	if _, err := exec.LookPath(vm.QEMU); err != nil {
		testneed.Missing(t, fmt.Sprintf("%v: `make packages` installs qemu-system-x86", err))
	}
	cache, err := kernel.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kernel.Find(cache, "6.1"); err != nil {
		testneed.Missing(t, err)
	}
	init := filepath.Join(t.TempDir(), "init")
	build := exec.Command("go", "build", "-o", init, "lsmlab/powerfail/vm/guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return init
}

// An engine as it is survives; with a log that is not synced it does not, and the
// run directory tells what was lost.
func TestCrashVM(t *testing.T) {
	init := guestInit(t)
	for _, c := range []struct {
		name   string
		args   []string
		status int
	}{
		{"sound", nil, exitSound},
		{"planted", []string{"--bug", "wal-sync-skipped", "--seed", "1"}, exitFinding},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			args := append([]string{"vm", "--init", init, "--methods", "sigkill,disk-log", "--out", dir}, c.args...)
			status, out := crash("", args...)
			if status != c.status {
				t.Fatalf("status %d, want %d:\n%s", status, c.status, out)
			}
			r, cells, findings, err := rundir.Read(dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(cells) != 2 || r.Tier != vmtier.Name || !strings.Contains(r.Versions["kernel 6.1"], "linux-image-6.1") {
				t.Errorf("run %+v, cells %+v", r, cells)
			}
			if c.status == exitSound && len(findings) > 0 || c.status == exitFinding && len(findings) == 0 {
				t.Errorf("findings %+v", findings)
			}
			table, err := os.ReadFile(filepath.Join(dir, "matrix.txt"))
			if err != nil || !strings.Contains(string(table), "sigkill") {
				t.Errorf("table %q, %v", table, err)
			}
		})
	}
}

func TestCrashVMRefuses(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--methods hammer", "sigkill"},
		{"--fs fat", "ext4"},
		{"--kernels 2.4", "6.12"},
		{"--bug no-such", "no-such"},
		{"--writes 0", "--writes 0"},
		{"--matrix --fs xfs", "matrix"},
		{"--init /no/such/init", "make build"},
	} {
		status, out := crash("", append([]string{"vm", "--out", filepath.Join(t.TempDir(), "run")}, strings.Fields(c.args)...)...)
		if status != exitUsage || !strings.Contains(out, c.want) {
			t.Errorf("%s: status %d, output %q, want %q", c.args, status, out, c.want)
		}
	}
}

// Shards take the cells in turn.
func TestCrashVMShards(t *testing.T) {
	var all []string
	for i := range 2 {
		f := &vmFlags{writes: 2, grid: vmtier.Grid{Kernels: []string{"6.1"}, FileSystems: []string{"ext4"}, Methods: []string{"sigkill", "quit", "late", "quit"}}}
		f.Engines, f.States, f.Shard = []string{"lsm-bptree"}, 1, campaign.Shard{I: i, N: 2}
		cells, err := f.cells()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cells {
			all = append(all, c.Method)
		}
	}
	if want := []string{"sigkill", "late", "quit"}; !slices.Equal(all, want) {
		t.Errorf("cells of both shards: %q, want %q", all, want)
	}
}

// A run of tier 3 that is killed while a machine is up goes on with the cells that are
// missing, and leaves those alone that had ended. A killed run leaves no machine behind.
func TestCrashVMKillAndResume(t *testing.T) {
	dir, init := t.TempDir(), guestInit(t)
	out := filepath.Join(dir, "run")
	args := []string{"vm", "--init", init, "--methods", "sigkill,quit,disk-log", "--states", "4", "--writes", "10", "--seed", fmt.Sprint(testseed.New(t))}
	t.Setenv("TMPDIR", t.TempDir())
	if !killAt(t, out, 1, false, args...) {
		t.Fatal("the run was not cut")
	}
	journal := func() []string {
		text, err := os.ReadFile(filepath.Join(out, "units.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	before := journal()
	if len(before) != 2 { // one and the torn one
		t.Fatalf("lines when it was killed: %q", before)
	}
	said, err := crashProcess(append(args[:len(args)-2:len(args)-2], "--out", out, "--resume")...).CombinedOutput()
	if err != nil || !strings.Contains(string(said), "1 parts of it are there already") || !strings.Contains(string(said), "torn last line") {
		t.Fatalf("%v:\n%s", err, said)
	}
	_, cells, findings, err := rundir.Read(out)
	if err != nil || len(cells) != 3 || len(findings) > 0 {
		t.Errorf("%+v, findings %+v, %v", cells, findings, err)
	}
	if after := journal(); len(after) != 3 || after[0] != before[0] {
		t.Errorf("lines in the end: %q\nwhen it was killed: %q", after, before)
	}
	for _, c := range cells {
		if c.Explored == 0 {
			t.Errorf("%s: nothing was explored", c.FileSystem)
		}
	}
}

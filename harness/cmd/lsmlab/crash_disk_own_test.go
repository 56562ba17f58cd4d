package main

import (
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
)

// Programs of a user: a file for each ID, and the check that it has its content.
const (
	ownCareful = `w() { cd "$1"; for i in 1 2 3; do echo $i > $i; sync $i .; echo ack $i; done; }; w`
	ownForgets = `w() { cd "$1"; for i in 1 2 3; do echo $i > $i; echo ack $i; done; }; w`
	ownDies    = `w() { cd "$1"; for i in 1 2 3; do echo $i > $i; sync $i .; echo ack $i; done; echo "index $i is out of range"; kill -SEGV $$; }; w`
	ownCheck   = `c() { echo looking; while read i; do [ "$(cat "$1/$i")" = $i ] || { echo "no $i"; exit 1; }; done; }; c`
)

// ownRun runs crash disk on a program of the user.
func ownRun(t *testing.T, out, workload string, args ...string) (status int, said string, cells []rundir.Cell, findings []rundir.Finding) {
	t.Helper()
	status, said = crash("", append([]string{"disk", "--disk-size", "32M", "--workload-cmd", workload, "--check-cmd", ownCheck, "--out", out}, args...)...)
	_, cells, findings, err := rundir.Read(out)
	if err != nil {
		t.Fatalf("%v:\n%s", err, said)
	}
	return status, said, cells, findings
}

// A workload that dies is a finding, and what was recorded up to there is explored.
func TestCrashDiskWorkloadDies(t *testing.T) {
	needDisk(t, "ext4")
	out := filepath.Join(t.TempDir(), "run")
	status, said, cells, findings := ownRun(t, out, ownDies, "--profile", "drop-all", "--states", "30", "--recordings", "2")
	if status != exitFinding || len(findings) != 1 || len(cells) != 1 || cells[0].Distinct == 0 {
		t.Fatalf("status %d, %d findings, cells %+v:\n%s", status, len(findings), cells, said)
	}
	f := findings[0]
	if f.Rule != disk.RuleWorkload || !strings.Contains(f.Detail, "index 3 is out of range (signal: segmentation fault") || len(f.Acked) != 3 || f.Acked[2].Seconds <= 0 {
		t.Errorf("%+v", f)
	}
	dir := filepath.Join(out, "findings", "001-workload")
	if status, said := crash("", "replay", dir); status != exitFinding || !strings.Contains(said, "index 3 is out of range") {
		t.Errorf("replay: status %d:\n%s", status, said)
	}
	nothingLeft(t)
}

// A finding under the strongest profile names the weakest that shows it, what was
// acknowledged when, what became of each file, and what the check said. What weaker
// profiles show is not explored under stronger ones.
func TestCrashDiskFinding(t *testing.T) {
	needDisk(t, "ext4")
	dir := t.TempDir()
	status, said, _, findings := ownRun(t, filepath.Join(dir, "strict"), ownForgets, "--profile", "posix-strict", "--states", "100", "--recordings", "1")
	if status != exitFinding || len(findings) != 1 {
		t.Fatalf("status %d, %d findings:\n%s", status, len(findings), said)
	}
	f := findings[0]
	if f.Weakest != explore.DropAll || f.Shrunk || len(f.Acked) == 0 || !strings.HasPrefix(f.Output, "looking\n") || len(f.Files) == 0 {
		t.Errorf("%+v", f)
	}
	if first := f.Files[0]; first.Name != "1" || first.Written != 2 || first.Left > 0 {
		t.Errorf("file %+v", first)
	}
	status, said, cells, findings := ownRun(t, filepath.Join(dir, "all"), ownForgets, "--profile", "posix-strict,drop-all", "--states", "100", "--recordings", "1")
	if status != exitFinding || len(findings) != 1 || cells[0].Profile != "drop-all" || cells[1].Explored != 0 || strings.Contains(said, "NaN") {
		t.Errorf("status %d, cells %+v:\n%s", status, cells, said)
	}
	nothingLeft(t)
}

// A kill at an acknowledgement loses what the program kept to itself, without any
// power cut, and is shown again. A careful program survives all of it.
func TestCrashDiskKill(t *testing.T) {
	needDisk(t, "ext4")
	dir := t.TempDir()
	late := `w() { cd "$1"; for i in 1 2 3; do echo ack $i; sleep 0.1; echo $i > $i; sync $i .; done; }; w`
	status, said, cells, findings := ownRun(t, filepath.Join(dir, "late"), late, "--kill", "--states", "10", "--recordings", "1")
	if status != exitFinding || len(findings) != 1 || cells[0].Profile != campaign.ProfileKill || findings[0].Detail != "no 1 (exit status 1)" {
		t.Fatalf("status %d, cells %+v:\n%s", status, cells, said)
	}
	if status, said := crash("", "replay", filepath.Join(dir, "late", "findings", "001-check")); status != exitFinding {
		t.Errorf("replay: status %d:\n%s", status, said)
	}
	status, said, cells, _ = ownRun(t, filepath.Join(dir, "careful"), ownCareful, "--kill", "--reopen-cmd", "true", "--profile", "ext4-ordered", "--states", "20", "--recordings", "2")
	if status != exitSound || cells[0].Distinct != 3 || len(cells[1].Depths) != 2 {
		t.Errorf("careful: status %d, cells %+v:\n%s", status, cells, said)
	}
	nothingLeft(t)
}

// Without a state there is no verdict, and no rate either.
func TestCrashDiskNoState(t *testing.T) {
	needDisk(t, "ext4")
	dir := t.TempDir()
	if status, said, _, _ := ownRun(t, filepath.Join(dir, "first"), ownCareful, "--profile", "drop-all", "--states", "5", "--recordings", "1"); status != exitSound {
		t.Fatalf("status %d:\n%s", status, said)
	}
	log := filepath.Join(dir, "first", "recordings", "001")
	for i, shard := range []string{"0/100000", "1/100000"} { // one of them is empty
		status, said := crash("", "disk", "--log", log, "--profile", "drop-all", "--states", "5", "--shard", shard, "--out", filepath.Join(dir, shard[:1]))
		if strings.Contains(said, "NaN") || status == exitUsage && !strings.Contains(said, "no crash state was checked") {
			t.Errorf("shard %d: status %d:\n%s", i, status, said)
		}
		if status == exitUsage {
			return
		}
	}
	t.Error("both shards of 100,000 have states")
}

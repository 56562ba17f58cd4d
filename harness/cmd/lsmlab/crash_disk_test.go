package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/engines/testneed"
	"lsmlab/powerfail/campaign/process"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
)

// needDisk skips the test where crash disk can't be done, and keeps its stages
// to itself.
func needDisk(t testing.TB, fileSystem string) {
	t.Helper()
	kind, err := disk.LookupFileSystem(fileSystem)
	if err != nil {
		t.Fatal(err)
	}
	if err := disk.Require(kind); err != nil {
		testneed.Missing(t, err)
	}
	t.Setenv("TMPDIR", t.TempDir())
}

// nothingLeft checks that a run has released its stage.
func nothingLeft(t *testing.T) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "lsmlab-disk-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The engines without a bug stay without a finding, and what was recorded of
// them can be explored again under another profile.
func TestCrashDiskSound(t *testing.T) {
	needDisk(t, "ext4")
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	sound := "lsm-skiplist,lsm-rbtree,lsm-bptree,bbolt"
	status, said := crash("", "disk", "--engines", sound, "--profile", "posix-strict", "--states", "40", "--disk-size", "64M", "--out", first)
	if status != exitSound {
		t.Fatalf("status %d:\n%s", status, said)
	}
	_, cells, _, err := rundir.Read(first)
	if err != nil || len(cells) != 4 {
		t.Fatalf("%d cells, %v", len(cells), err)
	}
	for _, c := range cells {
		if c.Distinct != 40 || c.Explored < 40 || c.FileSystem != "ext4" || len(c.Coverage) == 0 || len(c.Losses) == 0 || len(c.Depths) != 2 || c.Depths[0]+c.Depths[1] != 40 {
			t.Errorf("%+v", c)
		}
	}
	// A disk that lies loses what every engine was told is safe.
	status, said = crash("", "disk", "--log", first, "--profile", "lying-disk", "--states", "100", "--out", second)
	if status != exitFinding {
		t.Errorf("again: status %d:\n%s", status, said)
	}
	if _, cells, _, err = rundir.Read(second); err != nil || len(cells) != 4 || cells[3].Engine != "bbolt" || cells[3].Profile != string(explore.LyingDisk) {
		t.Errorf("cells %+v, %v", cells, err)
	}
	nothingLeft(t)
}

// Every engine can be recorded and judged by its name.
func TestCrashDiskEveryEngine(t *testing.T) {
	needDisk(t, "ext4")
	for _, engine := range engines.Names() {
		out := filepath.Join(t.TempDir(), "run")
		// The states at the very end: what an engine does with a crash while it is
		// first made is its own affair, and judged in longer runs.
		status, said := crash("", "disk", "--engines", engine, "--profile", "drop-all", "--programs", "1", "--states", "3", "--out", out)
		if status != exitSound && status != exitFinding {
			t.Errorf("%s: status %d:\n%s", engine, status, said)
		}
		if _, cells, _, err := rundir.Read(out); err != nil || len(cells) != 1 || cells[0].Distinct == 0 {
			t.Errorf("%s: %+v, %v", engine, cells, err)
		}
	}
	nothingLeft(t)
}

// A program of the user's own is found out if it forgets a sync, and the finding
// is shown again; shards of one recording add up to the whole.
func TestCrashDiskOwnProgram(t *testing.T) {
	needDisk(t, "ext4")
	const (
		workload = `w() { cd "$1"; for i in a b; do echo $i > $i; [ -z "$FORGET" ] && sync $i .; echo ack $i; done; }; w`
		check    = `c() { while read i; do [ "$(cat "$1/$i")" = $i ] || { echo "no $i"; exit 1; }; done; }; c`
	)
	dir := t.TempDir()
	run := func(name string, args ...string) (int, string) {
		return crash("", append([]string{"disk", "--disk-size", "32M", "--states", "40", "--out", filepath.Join(dir, name)}, args...)...)
	}
	if status, said := run("careful", "--workload-cmd", workload, "--check-cmd", check); status != exitSound {
		t.Errorf("careful: status %d:\n%s", status, said)
	}
	distinct := func(name string) int64 {
		_, cells, _, err := rundir.Read(filepath.Join(dir, name))
		if err != nil || len(cells) != 1 {
			t.Fatal(err, cells)
		}
		return cells[0].Distinct
	}
	log := filepath.Join(dir, "careful", "recordings", "001", disk.LogName)
	for name, part := range map[string]string{"whole": "0/1", "shard0": "0/2", "shard1": "1/2"} {
		if status, said := run(name, "--log", log, "--profile", "drop-all", "--states", "1000", "--shard", part); status != exitSound {
			t.Errorf("shard %s: status %d:\n%s", part, status, said)
		}
	}
	if whole, parts := distinct("whole"), distinct("shard0")+distinct("shard1"); whole != parts || whole == 0 {
		t.Errorf("%d states, in two shards %d", whole, parts)
	}
	t.Setenv("FORGET", "1")
	status, said := run("forgetful", "--workload-cmd", workload, "--check-cmd", check, "--profile", "drop-all")
	if status != exitFinding || !strings.Contains(said, "no a") {
		t.Errorf("forgetful: status %d:\n%s", status, said)
	}
	if status, said = crash("", "replay", filepath.Join(dir, "forgetful", "findings", "001-check")); status != exitFinding || !strings.Contains(said, "no a") {
		t.Errorf("replay: status %d:\n%s", status, said)
	}
	nothingLeft(t)
}

func TestCrashDiskInterrupted(t *testing.T) {
	needDisk(t, "ext4")
	interrupted(t, "disk", disk.LogName, "--engines", "lsm-bptree", "--states", "1000000")
	interrupted(t, "disk", disk.LogName, "--workload-cmd", "sleep 1000; :", "--check-cmd", "true")
}

func TestCrashDiskWrongUse(t *testing.T) {
	needDisk(t, "ext4")
	for want, args := range map[string][]string{
		`file system "zfs"`:              {"--fs", "zfs"},
		"go together":                    {"--workload-cmd", "true"},
		"makes no sense":                 {"--workload-cmd", "true", "--check-cmd", "true", "--log", "x"},
		"no such file":                   {"--log", filepath.Join(t.TempDir(), "missing")},
		"no recording there":             {"--log", t.TempDir()},
		"leave them out":                 {"--workload-cmd", "true", "--check-cmd", "true", "--bug", "wal-sync-skipped"},
		"--workers is 0: want 1 or more": {"--workers", "0"},
		"exit status 7\noh no":           {"--workload-cmd", "echo oh no >&2; exit 7; :", "--check-cmd", "true", "--out", filepath.Join(t.TempDir(), "run")},
		"can't be run":                   {"--workload-cmd", `w() { touch "$1/x"; }; w`, "--check-cmd", "no-such-program", "--out", filepath.Join(t.TempDir(), "run2")},
		"wrote nothing":                  {"--workload-cmd", "true", "--check-cmd", "true", "--out", filepath.Join(t.TempDir(), "run3")},
		"for a program of your":          {"--kill"},
		"enospc:BYTES":                   {"--workload-cmd", "true", "--check-cmd", "true", "--fail", "fire:1"},
	} {
		if status, said := crash("", append([]string{"disk"}, args...)...); status != exitUsage || !strings.Contains(said, want) {
			t.Errorf("%v: status %d, want %q in\n%s", args, status, want, said)
		}
	}
	nothingLeft(t)
}

// Without root it says so, and what to do.
func TestCrashDiskWithoutRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		testneed.Missing(t, "only root can become somebody else: run it with sudo")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "lsmlab") // where nobody may read it
	if out, err := exec.Command("cp", self, copied).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	for dir := copied; dir != "/"; dir = filepath.Dir(dir) {
		_ = os.Chmod(dir, 0o755)
		if dir == os.TempDir() {
			break
		}
	}
	cmd := exec.Command(copied, "crash", "disk", "--out", filepath.Join(t.TempDir(), "run"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Dir = "/"
	out, _ := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != exitUsage || !strings.Contains(string(out), "needs root") {
		t.Errorf("status %d: %s", cmd.ProcessState.ExitCode(), out)
	}
}

func TestCrashClean(t *testing.T) {
	needDisk(t, "ext4")
	stage, err := disk.NewStage()
	if err != nil {
		t.Fatal(err)
	}
	if status, said := crash("", "clean"); status != exitSound || !strings.Contains(said, "under way: "+stage.Dir) {
		t.Errorf("status %d: %s", status, said)
	}
	if err := stage.Close(); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(os.TempDir(), "lsmlab-disk-left")
	if err := os.Mkdir(left, 0o755); err != nil {
		t.Fatal(err)
	}
	if status, said := crash("", "clean"); status != exitSound || !strings.Contains(said, "released "+left) {
		t.Errorf("status %d: %s", status, said)
	}
	nothingLeft(t)
}

// BenchmarkCrashDisk checks states of a small store with one worker.
func BenchmarkCrashDisk(b *testing.B) {
	for _, fileSystem := range disk.FileSystems() {
		for _, engine := range []string{"lsm-bptree", "bbolt"} {
			b.Run(fileSystem+"/"+engine, func(b *testing.B) { benchmarkDisk(b, fileSystem, engine) })
		}
	}
}

func benchmarkDisk(b *testing.B, fileSystem, engine string) {
	needDisk(b, fileSystem)
	kind, err := disk.LookupFileSystem(fileSystem)
	if err != nil {
		b.Fatal(err)
	}
	stage, err := disk.NewStage()
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := stage.Close(); err != nil {
			b.Error(err)
		}
	}()
	self, err := process.This()
	if err != nil {
		b.Fatal(err)
	}
	p := program.Generate(1, program.Shape{Durability: kv.Synced})
	rec := &disk.Recording{Engine: engine, Program: p.String(), Dir: b.TempDir()}
	file, err := stage.WriteFile("program.txt", []byte(rec.Program))
	if err != nil {
		b.Fatal(err)
	}
	source := disk.Source{FileSystem: kind, Size: max(64<<20, kind.MinSize), Server: self.Fuse(), Workload: disk.Worker(self.Worker(engine, "", file))}
	if err := errors.Join(disk.Record(context.Background(), stage, source, rec.LogFile()), rec.Load()); err != nil {
		b.Fatal(err)
	}
	h, _, err := rec.History()
	if err != nil {
		b.Fatal(err)
	}
	judge, err := self.Judges(stage, engine, "", p.Durability, h)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	done, seed := int64(0), uint64(0)
	for ; done < int64(b.N); seed++ {
		x := disk.Exploration{
			Stage: stage, LogFile: rec.LogFile(), Log: rec.Log, Kind: kind, Judge: judge,
			Profile: explore.PosixStrict, Seed: seed, States: int64(b.N) - done,
		}
		counts, found, err := x.Run(context.Background())
		if err != nil || found != nil {
			b.Fatal(found, err)
		}
		done += counts.Distinct
	}
	b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "states/s")
}

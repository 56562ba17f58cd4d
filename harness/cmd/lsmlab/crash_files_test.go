package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/testneed"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/rundir"
)

// needFiles skips the test where crash files can't be done, and keeps its stages to
// itself.
func needFiles(t testing.TB) {
	t.Helper()
	if err := files.Require(); err != nil {
		testneed.Missing(t, err)
	}
	t.Setenv("TMPDIR", t.TempDir())
}

// keeper is a program of the user's own in shell: a file for each ID. With sync it is
// sound.
const keeper = `w() { cd "$1"; for i in a b c; do echo $i > $i; SYNC; echo ack $i; done; }; w`

const keeperCheck = `c() { while read i; do [ "$(cat "$1/$i")" = $i ] || { echo "no $i"; exit 1; }; done; }; c`

func crashKeeper(t *testing.T, sync string, args ...string) (out string, status int, said string) {
	t.Helper()
	out = filepath.Join(t.TempDir(), "run")
	args = append([]string{"files", "--out", out, "--check-cmd", keeperCheck, "--workload-cmd", strings.Replace(keeper, "SYNC", sync, 1)}, args...)
	status, said = crash("", args...)
	return out, status, said
}

// A program that syncs files and their directory is sound; one that forgets the
// directory is found out, which no journal shows; and so is one that forgets both.
// Findings are shown again from their own log, and recordings are explored again.
func TestCrashFiles(t *testing.T) {
	needFiles(t)
	if _, status, said := crashKeeper(t, "sync", "--states", "50", "--profile", "posix-strict"); status != exitSound {
		t.Errorf("sync of all: status %d:\n%s", status, said)
	}
	careful, status, said := crashKeeper(t, "sync $i .", "--states", "200", "--recordings", "3")
	if status != exitSound {
		t.Errorf("careful: status %d:\n%s", status, said)
	}
	r, cells, _, err := rundir.Read(careful)
	if err != nil || r.Tier != files.Tier || len(cells) != 3 || cells[0].Distinct == 0 || cells[0].Programs != 3 || len(cells[2].Losses) == 0 {
		t.Errorf("%+v, %+v, %v", r, cells, err)
	}
	for sync, weakest := range map[string]string{"sync $i": "posix-strict", ":": "drop-all"} {
		out, status, said := crashKeeper(t, sync)
		if status != exitFinding || !strings.Contains(said, "weakest profile "+weakest) || !strings.Contains(said, "check: no ") || strings.Count(said, "FINDING") != 1 {
			t.Errorf("%s: status %d:\n%s", sync, status, said)
		}
		finding := filepath.Join(out, "findings", "001-check")
		if status, said = crash("", "replay", finding); status != exitFinding || !strings.Contains(said, "check: no ") {
			t.Errorf("replay: status %d:\n%s", status, said)
		}
		f, err := rundir.ReadFinding(finding)
		if err != nil || len(f.Acked) == 0 || f.Acked[0].ID != "a" || len(f.Files) == 0 || len(f.Lost) == 0 {
			t.Errorf("%+v, %v", f, err)
		}
	}
	// What is recorded can be checked by another command.
	checked := filepath.Join(t.TempDir(), "checked")
	if status, said = crash("", "files", "--log", careful, "--check-cmd", "false", "--out", checked); status != exitFinding {
		t.Errorf("another check: status %d:\n%s", status, said)
	}
	// A disk that lies loses what the careful one was told is safe.
	again := filepath.Join(t.TempDir(), "again")
	if status, said = crash("", "files", "--log", careful, "--profile", "lying-disk", "--out", again); status != exitFinding {
		t.Errorf("again: status %d:\n%s", status, said)
	}
	nothingLeft(t)
}

// What a kill alone leaves, a failed write, and a program that does not end well.
func TestCrashFilesFailures(t *testing.T) {
	needFiles(t)
	for want, c := range map[string]struct {
		sync   string
		args   []string
		status int
	}{
		"check: no unwritten-":            {"echo ack unwritten-$i", []string{"--kill"}, exitFinding},
		"kill":                            {":", []string{"--kill"}, exitSound},
		"workload: oh no (exit status 7)": {"sync $i .; echo ack $i; echo oh no >&2; exit 7", nil, exitFinding},
		"0 findings":                      {"sync $i . || exit 3", []string{"--fail", "sync:3"}, exitSound},
		"weakest profile drop-all":        {"sync $i . || :", []string{"--fail", "sync:3"}, exitFinding},
	} {
		out, status, said := crashKeeper(t, c.sync, append(c.args, "--states", "150")...)
		if status != c.status || !strings.Contains(said, want) {
			t.Errorf("%s %v: status %d, want %d and %q in\n%s", c.sync, c.args, status, c.status, want, said)
		}
		if c.status != exitFinding {
			continue
		}
		if _, cells, _, err := rundir.Read(out); err != nil || len(cells) == 0 || cells[0].Distinct == 0 {
			t.Errorf("%s: nothing was explored: %+v, %v", c.sync, cells, err)
		}
		found, err := filepath.Glob(filepath.Join(out, "findings", "*"))
		if err != nil || len(found) == 0 {
			t.Fatal(found, err)
		}
		if status, said = crash("", "replay", found[0]); status != exitFinding {
			t.Errorf("%s: replay: status %d:\n%s", c.sync, status, said)
		}
	}
	nothingLeft(t)
}

// A reopening runs before the check, and what it does is crashed too.
func TestCrashFilesReopen(t *testing.T) {
	needFiles(t)
	reopen := `r() { cd "$1"; [ -e all ] || { ls > all.new; SYNC; mv all.new all; sync .; echo ack all; }; }; r`
	check := `c() { cd "$1"; while read i; do [ -s $i ] || { echo "no $i"; exit 1; }; done; }; c`
	workload := strings.Replace(keeper, "SYNC", "sync $i .", 1)
	for sync, want := range map[string]int{"sync all.new": exitSound, ":": exitFinding} {
		out := filepath.Join(t.TempDir(), "run")
		status, said := crash("", "files", "--out", out, "--states", "100", "--profile", "ext4-ordered", "--workload-cmd", workload,
			"--check-cmd", check, "--reopen-cmd", strings.Replace(reopen, "SYNC", sync, 1))
		if status != want || want == exitFinding && !strings.Contains(said, "crash number 2") {
			t.Errorf("%s: status %d, want %d:\n%s", sync, status, want, said)
		}
	}
	nothingLeft(t)
}

// Engines are put through generated programs. A directory that is never synced shows,
// which no journal does, and the sound engine is silent.
func TestCrashFilesEngines(t *testing.T) {
	needFiles(t)
	run := func(args ...string) (string, int, string) {
		out := filepath.Join(t.TempDir(), "run")
		status, said := crash("", append([]string{"files", "--seed", fmt.Sprint(rand.Uint32()), "--out", out}, args...)...)
		return out, status, said
	}
	if _, status, said := run("--engines", "lsm-bptree,lsm-skiplist", "--states", "60"); status != exitSound {
		t.Errorf("status %d:\n%s", status, said)
	}
	out, status, said := run("--engines", "lsm-bptree", "--bug", "dir-sync-skipped", "--profile", "posix-strict", "--states", "1000")
	if status != exitFinding || !strings.Contains(said, "directory entry: the ") {
		t.Fatalf("status %d:\n%s", status, said)
	}
	findings, err := filepath.Glob(filepath.Join(out, "findings", "*"))
	if err != nil || len(findings) != 1 {
		t.Fatal(findings, err)
	}
	if status, said = crash("", "replay", findings[0]); status != exitFinding {
		t.Errorf("replay: status %d:\n%s", status, said)
	}
	for _, engine := range []string{"badger", "bbolt", "goleveldb", "pebble"} { // what they do themselves is for longer runs
		if out, status, said = run("--engines", engine, "--states", "10", "--profile", "drop-all"); status != exitSound && status != exitFinding {
			t.Errorf("%s: status %d:\n%s", engine, status, said)
		}
		if _, cells, _, err := rundir.Read(out); err != nil || len(cells) != 1 || cells[0].Distinct == 0 {
			t.Errorf("%s: %+v, %v", engine, cells, err)
		}
	}
	nothingLeft(t)
}

// Recordings of two engines are explored again each as that engine's.
func TestCrashFilesLogOfEngines(t *testing.T) {
	needFiles(t)
	dir := t.TempDir()
	args := []string{"files", "--engines", "lsm-skiplist,bbolt", "--states", "20", "--profile", "drop-all", "--out", filepath.Join(dir, "first")}
	if status, said := crash("", args...); status != exitSound {
		t.Fatalf("status %d:\n%s", status, said)
	}
	status, said := crash("", "files", "--log", filepath.Join(dir, "first"), "--states", "20", "--profile", "drop-all", "--out", filepath.Join(dir, "again"))
	_, cells, _, err := rundir.Read(filepath.Join(dir, "again"))
	if status != exitSound || err != nil || len(cells) != 2 || cells[0].Engine != "lsm-skiplist" || cells[1].Engine != "bbolt" {
		t.Errorf("status %d, %+v, %v:\n%s", status, cells, err, said)
	}
}

func TestCrashFilesInterrupted(t *testing.T) {
	needFiles(t)
	for _, workload := range []string{"sleep 1000; :", strings.Replace(keeper, "SYNC", "sync $i .", 1)} {
		interrupted(t, "files", files.LogName, "--workload-cmd", workload, "--check-cmd", "sleep 100; :")
	}
}

func TestCrashFilesWrongUse(t *testing.T) {
	needFiles(t)
	for want, args := range map[string][]string{
		"go together":        {"--workload-cmd", "true"},
		"make no sense":      {},
		"no such file":       {"--log", filepath.Join(t.TempDir(), "missing")},
		"no recording there": {"--log", t.TempDir()},
		"leave them out":     {"--workload-cmd", "true", "--check-cmd", "true", "--bug", "wal-sync-skipped"},
		"want 1 at least":    {"--workload-cmd", "true", "--check-cmd", "true", "--recordings", "0"},
		"fault \"read:1\"":   {"--workload-cmd", "true", "--check-cmd", "true", "--fail", "read:1"},
		"can't be run":       {"--workload-cmd", "true", "--check-cmd", "no-such-program", "--out", filepath.Join(t.TempDir(), "run")},
		"before it wrote":    {"--workload-cmd", "exit 3; :", "--check-cmd", "true", "--out", filepath.Join(t.TempDir(), "run2")},
	} {
		if len(args) == 0 {
			args = []string{"--workload-cmd", "true", "--log", "x"}
		}
		if status, said := crash("", append([]string{"files"}, args...)...); status != exitUsage || !strings.Contains(said, want) {
			t.Errorf("%v: status %d, want %q in\n%s", args, status, want, said)
		}
	}
	nothingLeft(t)
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"lsmlab/engines/testseed"
	"lsmlab/powerfail/rundir"
)

// crashProcess is a crash command in a process of its own, with one worker, so that the
// order of findings is that of the programs.
func crashProcess(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], append([]string{"crash"}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=real", "GOMAXPROCS=1")
	return cmd
}

// units returns how many whole lines the journal of a crash run has, and whether there
// is a finding of a unit that has no line yet.
func units(dir string) (lines int, unclaimed bool) {
	text, err := os.ReadFile(filepath.Join(dir, "units.jsonl"))
	if err != nil {
		return 0, false // not yet
	}
	findings, _ := filepath.Glob(filepath.Join(dir, "findings", "0*"))
	for _, f := range findings {
		unclaimed = unclaimed || !strings.Contains(string(text), `"`+filepath.Base(f)+`"`)
	}
	return strings.Count(string(text), "\n"), unclaimed
}

// killAt starts a crash run, kills it once its journal has so many lines, and with
// unclaimed a finding that none of them has, and leaves half a line there, as a power cut
// may. It says whether the run was still going.
func killAt(t *testing.T, dir string, lines int, unclaimed bool, args ...string) (cut bool) {
	t.Helper()
	cmd := crashProcess(append(args, "--out", dir, "--resume")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Millisecond) {
		if n, found := units(dir); n >= lines && (found || !unclaimed) {
			break
		}
		select {
		case <-ended:
			return false
		default:
		}
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			t.Fatalf("no %d lines of the journal in 3 minutes", lines)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		return false
	}
	<-ended
	f, err := os.OpenFile(filepath.Join(dir, "units.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(`{"id":"torn","status":"ok","cel`)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return true
}

// crashRun is what a run directory holds, but for its times and its own path.
type crashRun struct {
	Cells    []rundir.Cell
	Findings []string
}

func readCrashRun(t *testing.T, dir string) (r crashRun) {
	t.Helper()
	_, cells, findings, err := rundir.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cells {
		c.Seconds = 0
		r.Cells = append(r.Cells, c)
	}
	for _, f := range findings {
		r.Findings = append(r.Findings, fmt.Sprint(f.Key, f.Rule, f.Detail, f.Choices, f.Program, strings.TrimPrefix(f.Command, "lsmlab crash replay "+dir)))
	}
	return r
}

// A run of tier 1 that is killed again and again, each time in the middle of a part,
// ends with the counts and the findings of one that nothing cut. The journal's end is
// torn each time.
func TestCrashSimKillAndResume(t *testing.T) {
	dir, seed := t.TempDir(), fmt.Sprint(testseed.New(t))
	whole, cut := filepath.Join(dir, "whole"), filepath.Join(dir, "cut")
	args := []string{
		"sim", "--engines", "lsm-bptree,lsm-skiplist", "--profile", "drop-all", "--programs", "1", "--depth", "1",
		"--bug", "edit-not-synced", "--findings", "1000", "--seed", seed,
	}
	out, err := crashProcess(append(args, "--out", whole)...).CombinedOutput()
	if want := readCrashRun(t, whole); len(want.Cells) != 2 || len(want.Findings) < 2 {
		t.Fatalf("%v, %d cells, %d findings:\n%s", err, len(want.Cells), len(want.Findings), out)
	}
	kills := 0
	for lines := 0; lines < 18; lines += 5 {
		if killAt(t, cut, lines, lines != 5, args...) {
			kills++
		}
	}
	if kills < 2 {
		t.Errorf("the run was cut %d times", kills)
	}
	// The seed is that of the run that goes on.
	out, _ = crashProcess(append(args[:len(args)-2:len(args)-2], "--out", cut, "--resume")...).CombinedOutput()
	if !strings.Contains(string(out), "parts of it are there already") || !strings.Contains(string(out), "torn last line") {
		t.Errorf("the last go does not say what it found:\n%s", out)
	}
	want, got := readCrashRun(t, whole), readCrashRun(t, cut)
	if !reflect.DeepEqual(got.Cells, want.Cells) {
		t.Errorf("cells after %d kills: %+v\nwant %+v", kills, got.Cells, want.Cells)
	}
	if !reflect.DeepEqual(got.Findings, want.Findings) {
		t.Errorf("%d findings after %d kills, want %d:\n%q\nwant\n%q", len(got.Findings), kills, len(want.Findings), got.Findings, want.Findings)
	}
	if left, err := rundir.Aside(cut); err != nil || len(left) > 0 {
		t.Errorf("left aside: %v, %v", left, err)
	}
}

// A run that goes on is held to what it was asked for, and a run is not begun twice.
func TestCrashResumeUsage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	args := []string{"sim", "--engines", "lsm-bptree", "--profile", "drop-all", "--programs", "1", "--no-short", "--depth", "1", "--out", dir}
	if status, text := crash("", args...); status != exitSound {
		t.Fatalf("status %d:\n%s", status, text)
	}
	for want, more := range map[string][]string{
		"--resume is not given, and ":     nil,
		"--states is 0 there and 7":       {"--resume", "--states", "7"},
		"--engines is lsm-bptree there":   {"--resume", "--engines", "lsm-rbtree"},
		"--bug is not given there and wa": {"--resume", "--bug", "wal-sync-skipped"},
		"--seed is":                       {"--resume", "--seed", "1"},
		"say which run":                   {"--resume", "--out", ""},
	} {
		if status, text := crash("", append(args, more...)...); status != exitUsage || !strings.Contains(text, want) {
			t.Errorf("%v: status %d, want %q in:\n%s", more, status, want, text)
		}
	}
	before := readCrashRun(t, dir)
	if status, text := crash("", append(args, "--resume")...); status != exitSound || !strings.Contains(text, "1 parts of it") {
		t.Errorf("of a run that has ended: status %d:\n%s", status, text)
	}
	if after := readCrashRun(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("%+v\nwas\n%+v", after, before)
	}
}

// What was recorded is explored to the same counts, whether or not the run is killed on
// the way; and a run that records, killed in the middle, keeps its recordings. Crashes of
// recoveries are left out: these are recorded each time, with a timing of their own.
func TestCrashRecordedKillAndResume(t *testing.T) {
	needDisk(t, "ext4")
	needFiles(t)
	for tier, args := range map[string][]string{"disk": {"--disk-size", "32M", "--fs", "ext4"}, "files": nil} {
		dir := t.TempDir()
		in := func(name string) string { return filepath.Join(dir, name) }
		args = append([]string{tier, "--states", "60", "--depth", "1", "--seed", fmt.Sprint(testseed.New(t))}, args...)
		engines := append(args[:len(args):len(args)], "--engines", "lsm-bptree", "--profile", "drop-all,posix-strict")
		if !killAt(t, in("recorded"), 2, false, engines...) {
			t.Errorf("%s: the run was not cut", tier)
		}
		clean(t)
		log, err := os.Stat(filepath.Join(in("recorded"), "recordings", "001", "recording.json"))
		if err != nil {
			t.Fatal(err)
		}
		if out, err := crashProcess(append(engines, "--out", in("recorded"), "--resume")...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v:\n%s", tier, err, out)
		}
		if again, err := os.Stat(filepath.Join(in("recorded"), "recordings", "001", "recording.json")); err != nil || !again.ModTime().Equal(log.ModTime()) {
			t.Errorf("%s: recorded again: %v, %v", tier, again, err)
		}
		if r := readCrashRun(t, in("recorded")); len(r.Cells) != 2 || r.Cells[1].Distinct < 60 {
			t.Errorf("%s: %+v", tier, r)
		}
		old := append(args[:len(args):len(args)], "--log", in("recorded"), "--profile", "drop-all,ext4-ordered,posix-strict")
		if out, err := crashProcess(append(old, "--out", in("whole"))...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v:\n%s", tier, err, out)
		}
		for lines := 1; lines < 3; lines++ {
			if killAt(t, in("cut"), lines, false, old...) {
				clean(t)
			}
		}
		if out, err := crashProcess(append(old, "--out", in("cut"), "--resume")...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v:\n%s", tier, err, out)
		}
		if want, got := readCrashRun(t, in("whole")), readCrashRun(t, in("cut")); !reflect.DeepEqual(got, want) || len(want.Cells) != 3 {
			t.Errorf("%s: %+v\nwant %+v", tier, got, want)
		}
		nothingLeft(t)
	}
}

// clean releases what a killed run left.
func clean(t *testing.T) {
	t.Helper()
	if status, said := crash("", "clean"); status != exitSound {
		t.Fatalf("clean: status %d:\n%s", status, said)
	}
}

package disk

import (
	"context"
	"errors"
	"strings"
	"testing"

	"lsmlab/engines/testseed"
	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
)

// Programs of a user: a file for each ID, and the check that it has its content.
// The careful one syncs the file and its directory before it says so; the others
// each forget one.
const (
	careful     = `w() { cd "$1"; for i in 1 2 3; do echo $i > $i; sync $i; sync .; echo ack $i; done; }; w`
	withoutSync = `w() { cd "$1"; for i in 1 2 3; do echo $i > $i; echo ack $i; done; }; w`
	checkAll    = `c() { while read i; do [ "$(cat "$1/$i")" = $i ] || { echo "no $i"; exit 1; }; done; }; c`
)

// explored explores a few states of a log and returns the finding.
func explored(t testing.TB, s *Stage, kind FileSystem, l *blocklog.Log, judge Judge, p explore.Profile) *rundir.Finding {
	t.Helper()
	x := Exploration{
		Stage: s, Log: l, Kind: kind, Judge: func() Judge { return judge },
		Profile: p, Seed: testseed.New(t), States: 20, Workers: 1,
	}
	counts, f, err := x.Run(context.Background())
	check(t, err)
	if counts.Distinct == 0 || counts.Distinct > x.States {
		t.Errorf("%d states, want 1 to %d", counts.Distinct, x.States)
	}
	return f
}

// A program that forgets a sync is found out on every file system, and one that
// does not is left in peace.
func TestCommands(t *testing.T) {
	for _, name := range FileSystems() {
		t.Run(name, func(t *testing.T) {
			kind := fileSystem(t, name)
			s := stage(t)
			l := recorded(t, s, kind, careful)
			if broken := explored(t, s, kind, l, NewCommandJudge(s, checkAll, l), explore.PosixStrict); broken != nil {
				t.Errorf("the careful program: %v", broken)
			}
			l = recorded(t, s, kind, withoutSync)
			broken := explored(t, s, kind, l, NewCommandJudge(s, checkAll, l), explore.DropAll)
			if broken == nil || broken.Rule != RuleCheck || !strings.Contains(broken.Detail, "no 1") {
				t.Errorf("the program without sync: %v", broken)
			}
		})
	}
}

// A workload that fails is no recording, and says why.
func TestWorkloadFails(t *testing.T) {
	kind := fileSystem(t, "ext4")
	s := stage(t)
	err := Record(context.Background(), s, source(kind, Command(`echo "no good" >&2; exit 3; :`)), t.TempDir()+"/log")
	if err == nil || !strings.Contains(err.Error(), "no good") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("error %v", err)
	}
	err = Record(context.Background(), s, Source{FileSystem: kind, Size: 4096}, "")
	if err == nil || !strings.Contains(err.Error(), "4096") {
		t.Errorf("a disk of 4096 bytes: %v", err)
	}
}

// A check that can't be run gives no verdict, least of all a finding.
func TestCheckCommand(t *testing.T) {
	s := stage(t)
	l := &blocklog.Log{Marks: []blocklog.Mark{{Text: "ack a b", Position: 3}, {Text: "begin c", Position: 4}, {Text: "ack d", Position: 5}}}
	for command, want := range map[string]string{
		`t() { [ "$1" = /dir ] && [ "$(cat)" = "a b" ]; }; t`: "",
		"no-such-program":               "no verdict: the check command",
		`echo "lost $(cat)"; exit 4; :`: "check: exit status 4: lost a b",
		"kill -9 $$; true":              "check: signal: killed:",
	} {
		broken, err := NewCommandJudge(s, command, l).Judge(context.Background(), "/dir", 4)
		got := ""
		if err != nil {
			got = "no verdict: " + err.Error()
		}
		if broken != nil {
			got = broken.String()
		}
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := NewCommandJudge(s, "sleep 60; :", l).Judge(ctx, "/dir", 4); !errors.Is(err, context.Canceled) {
		t.Errorf("cut: %v", err)
	}
}

package disk

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/testseed"
	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/internal/tiertest"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
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
	tiertest.Check(t, err)
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
			if broken := explored(t, s, kind, l, NewOwnJudge(s, subject.Program{Check: checkAll}, l), explore.PosixStrict); broken != nil {
				t.Errorf("the careful program: %v", broken)
			}
			l = recorded(t, s, kind, withoutSync)
			broken := explored(t, s, kind, l, NewOwnJudge(s, subject.Program{Check: checkAll}, l), explore.DropAll)
			if broken == nil || broken.Rule != RuleCheck || !strings.Contains(broken.Detail, "no 1") {
				t.Errorf("the program without sync: %v", broken)
			}
		})
	}
}

// A workload that fails leaves a recording up to there, and how it ended.
func TestWorkloadFails(t *testing.T) {
	kind := fileSystem(t, "ext4")
	s := stage(t)
	name := filepath.Join(t.TempDir(), "log")
	var run subject.Run
	tiertest.Check(t, Record(context.Background(), s, source(kind, own(`echo ack 1; echo "no good" >&2; exit 3; :`, &run)), name))
	if run.Failed == nil || run.Failed.Headline() != "no good (exit status 3)" {
		t.Errorf("ended %+v", run.Failed)
	}
	l := tiertest.Must(blocklog.ReadFile(name))(t)
	acked, ok := l.Find("ack 1")
	if end, ended := l.Find(markEnd); !ok || !ended || end < acked {
		t.Errorf("marks %v: want ack 1 and the end", l.Marks)
	}
	err := Record(context.Background(), s, Source{FileSystem: kind, Size: 4096}, "")
	if err == nil || !strings.Contains(err.Error(), "4096") {
		t.Errorf("a disk of 4096 bytes: %v", err)
	}
}

// The check reads the IDs that were acknowledged by the cut.
func TestOwnJudge(t *testing.T) {
	s := stage(t)
	l := &blocklog.Log{Marks: []blocklog.Mark{{Text: "ack a b", Position: 3}, {Text: "begin c", Position: 4}, {Text: "ack d", Position: 5}}}
	j := NewOwnJudge(s, subject.Program{Check: `echo "lost $(cat)"; exit 4; :`}, l)
	broken, err := j.Judge(context.Background(), "/dir", 4)
	tiertest.Check(t, err)
	if want := "check: lost a b (exit status 4)"; broken == nil || broken.String() != want {
		t.Errorf("%v, want %s", broken, want)
	}
}

package campaign

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// lines keeps what a run says.
type lines struct{ strings.Builder }

func (l *lines) At(int, string) {}

func (l *lines) Line(format string, args ...any) { fmt.Fprintf(l, format+"\n", args...) }

// A run keeps its cells and findings, says each, and adds them up.
func TestRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	r, err := Begin(dir, rundir.Run{Tier: "sim", Seed: 7}, rundir.Plan{Tier: "sim", Seed: 7}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	var said lines
	r.Progress = &said
	r.Chain = func(*rundir.Finding) (*rundir.Chain, error) { return &rundir.Chain{Last: 3}, nil }
	key := rundir.Key{Engine: "toy", FileSystem: "model", Profile: "drop-all"}
	if err := r.Report(rundir.Finding{Tier: "sim", Key: key, Rule: "lost", Detail: "no a"}); err != nil {
		t.Fatal(err)
	}
	for _, distinct := range []int64{3, 4} {
		key.Engine += "s"
		if err := r.Add(rundir.Cell{Key: key, Counts: explore.Counts{Explored: 9, Distinct: distinct, Violations: map[string]int64{"lost": 2}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.End(true); err != nil {
		t.Fatal(err)
	}
	info, cells, findings, err := rundir.Read(dir)
	if err != nil || !info.Stopped || info.Ended.IsZero() || len(cells) != 2 || len(findings) != 1 || findings[0].Chain.Last != 3 {
		t.Errorf("%+v, %+v, %+v, %v", info, cells, findings, err)
	}
	if total := r.Total(); total.Distinct != 7 || r.Found != 1 {
		t.Errorf("%+v, %d findings", total, r.Found)
	}
	for _, want := range []string{"FINDING toy under drop-all: lost: no a", "lsmlab crash replay " + filepath.Join(dir, "findings", "001-lost"), "3 distinct of"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, said.String())
		}
	}
}

// Without engines a person's own program is explored.
func TestSubjects(t *testing.T) {
	o := Options{Engines: []string{"a", "b"}, Bug: "x", Profiles: explore.Profiles()[:2]}
	own := subject.Program{Workload: "w", Check: "c"}
	got := o.Subjects(own)
	if len(got) != 2 || got[1].Engine != "b" || got[1].Bug != "x" || got[0].Own() {
		t.Errorf("%+v", got)
	}
	o.Engines, o.Bug = nil, ""
	if got = o.Subjects(own); len(got) != 1 || !got[0].Own() || got[0].Program.Check != "c" {
		t.Fatalf("%+v", got)
	}
	if cells := got[0].Cells("ext4", o.Profiles); len(cells) != 2 || cells[1].Engine != OwnProgram || cells[1].Profile != "ext4-ordered" {
		t.Errorf("%+v", cells)
	}
}

// Shards take each item once.
func TestShard(t *testing.T) {
	taken := map[int]int{}
	for _, text := range []string{"0/3", "1/3", "2/3"} {
		var s Shard
		if err := s.Set(text); err != nil || s.String() != text {
			t.Fatal(s, err)
		}
		for n := range 10 {
			if s.Takes(n) {
				taken[n]++
			}
		}
	}
	for n := range 10 {
		if taken[n] != 1 || !(Shard{}).Takes(n) {
			t.Errorf("%d: taken %d times", n, taken[n])
		}
	}
	for _, text := range []string{"", "1", "3/3", "-1/2", "0/0", "a/b"} {
		if new(Shard).Set(text) == nil {
			t.Errorf("%q is a shard", text)
		}
	}
}

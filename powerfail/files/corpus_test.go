package files

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/internal/tiertest"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
	"lsmlab/powerfail/subject/corpus"
)

// Every mistake of the corpus is found within a thousand states in all, and the mended
// twin of each is silent in three hundred of each profile. Seeds are fresh. What is
// given beside workload and check is what the kind says that it needs.
func TestCorpus(t *testing.T) {
	for _, k := range corpus.Kinds() {
		for _, name := range []string{k.Name, k.Name + "-mended"} {
			t.Run(name, func(t *testing.T) {
				states, f := tryKind(t, k, name)
				switch {
				case name == k.Name && (f == nil || states > 1000):
					t.Errorf("not found in %d states: %s", states, k.About)
				case f != nil && name != k.Name:
					t.Errorf("a false alarm in state %d: %+v", states, f)
				case f != nil:
					t.Logf("state %d: %s, weakest %s, lost %+v", states, f.Detail, f.Weakest, f.Lost)
				}
			})
		}
	}
}

// tryKind explores one program as the plain command does.
func tryKind(t *testing.T, k corpus.Kind, name string) (states int64, f *rundir.Finding) {
	stage := newStage(t)
	argv := strings.Join(tiertest.Self("corpus"), " ") + " " + name + " "
	p := subject.Program{Workload: argv + "workload", Check: argv + "check"}
	var fault disk.Fault
	if text, ok := strings.CutPrefix(k.Needs, "--fail="); ok {
		fault = tiertest.Must(disk.ParseFault(text))(t)
	}
	if k.Needs == "--reopen-cmd" {
		p.Reopen = argv + "reopen"
	}
	var recordings []*recorded
	for range 2 { // acknowledgements are read a little late, each time by another little
		r := record(t, stage, p, fault)
		if r.run.Failed != nil && fault.Kind == "" {
			t.Fatalf("the workload: %s", r.run.Failed.Headline())
		}
		recordings = append(recordings, r)
	}
	for i, profile := range []explore.Profile{explore.DropAll, explore.Ext4Ordered, explore.PosixStrict} {
		x := *recordings[0].Exploration
		for _, r := range recordings {
			x = *r.Exploration
			x.Profile, x.States, x.Kills = profile, 150, i == 0
			found, counts := x.find(t)
			if states += counts.Distinct; found != nil {
				return states, found
			}
		}
		if p.Reopen == "" {
			continue
		}
		for n, c := range tiertest.Must(x.Draw(6))(t) {
			log := filepath.Join(t.TempDir(), fmt.Sprint("again-", n))
			var run subject.Run
			tiertest.Check(t, Record(context.Background(), stage, Source{Server: tiertest.Self("serve"), Watched: tiertest.Self("watched"), Fill: c.Fill, Marks: c.Marks, Workload: disk.OwnReopen(p, c.Acked, &run)}, log))
			l := tiertest.Must(readLog(log))(t)
			y := x
			y.Log, y.LogFile, y.Depth, y.States = l, log, 2, 50
			y.Judge = func() disk.Judge { return disk.NewCommandJudge(stage, p, l.acked) }
			found, counts := y.find(t)
			if states += counts.Distinct; found != nil {
				return states, found
			}
		}
	}
	return states, nil
}

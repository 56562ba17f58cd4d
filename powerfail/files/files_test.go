package files

import (
	"strings"
	"testing"

	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/subject"
)

const (
	forgetful = `w() { cd "$1"; for i in 1 2 3; do echo $i > $i; echo ack $i; done; }; w`
	careful   = `w() { cd "$1"; for i in 1 2 3; do echo $i > $i; sync $i .; echo ack $i; done; }; w`
	looks     = `c() { while read i; do [ "$(cat "$1/$i")" = $i ] || { echo "lost $i"; exit 1; }; done; }; c`
)

func TestForgetfulAndCareful(t *testing.T) {
	stage := newStage(t)
	r := record(t, stage, subject.Program{Workload: careful, Check: looks}, disk.Fault{})
	f, counts := r.find(t)
	if f != nil {
		t.Errorf("careful: %+v", f)
	}
	t.Logf("%+v", counts)
	r = record(t, stage, subject.Program{Workload: forgetful, Check: looks}, disk.Fault{})
	f, _ = r.find(t)
	if f == nil || !strings.HasPrefix(f.Detail, "lost ") || f.Weakest != "drop-all" {
		t.Fatalf("forgetful: %+v", f)
	}
	t.Logf("%+v", f)
}

// A program may rely on sync(2) for everything, with what it stored through mappings.
func TestSyncOfAll(t *testing.T) {
	stage := newStage(t)
	workload := strings.ReplaceAll(careful, "sync $i .", "sync")
	r := record(t, stage, subject.Program{Workload: workload, Check: looks}, disk.Fault{})
	if f, counts := r.find(t); f != nil || counts.Coverage["syncall dir"] == 0 {
		t.Errorf("%+v, %+v", f, counts)
	}
}

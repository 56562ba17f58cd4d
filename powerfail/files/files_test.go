package files

import (
	"os/exec"
	"strings"
	"testing"

	"lsmlab/engines/testneed"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/subject"
)

const (
	forgetful = `w() { cd "$1"; for i in 1 2 3; do echo $i > $i; echo ack $i; done; }; w`
	careful   = `w() { cd "$1"; for i in 1 2 3; do echo $i > $i; sync $i .; echo ack $i; done; }; w`
	looks     = `c() { while read i; do [ "$(cat "$1/$i")" = $i ] || { echo "lost $i"; exit 1; }; done; }; c`
)

// A finding says what was lost, whose operation it was, what was acknowledged, and what
// became of each file.
func TestForgetfulAndCareful(t *testing.T) {
	stage := newStage(t)
	r := record(t, stage, subject.Program{Workload: careful, Check: looks}, disk.Fault{})
	f, counts := r.find(t)
	if f != nil {
		t.Errorf("careful: %+v", f)
	}
	if counts.Losses["write N lost"] == 0 { // the files are named by numbers
		t.Errorf("losses %v", counts.Losses)
	}
	r = record(t, stage, subject.Program{Workload: forgetful, Check: looks}, disk.Fault{})
	f, _ = r.find(t)
	if f == nil || !strings.HasPrefix(f.Detail, "lost ") || f.Weakest != "drop-all" {
		t.Fatalf("forgetful: %+v", f)
	}
	if len(f.Lost) != 1 || !strings.HasPrefix(f.Lost[0].Operation, "create ") && !strings.HasPrefix(f.Lost[0].Operation, "write ") {
		t.Errorf("lost %+v", f.Lost)
	}
	if len(f.Acked) == 0 || f.Acked[0].ID != "1" || len(f.Files) == 0 || f.Files[0].Written < 0 || !strings.Contains(f.Output, "lost") {
		t.Errorf("%+v", f)
	}
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

// SQLite is sound with a log that it syncs, and is found out without. It locks its
// files, maps one of them, and is several processes.
func TestSQLite(t *testing.T) {
	if _, err := exec.LookPath("sqlite3"); err != nil {
		testneed.Missing(t, "no sqlite3: `make packages` installs it")
	}
	stage := newStage(t)
	for sync, sound := range map[string]bool{"full": true, "off": false} {
		p := subject.Program{
			Workload: `w() { cd "$1"; p="pragma journal_mode=wal; pragma synchronous=` + sync + `;"
sqlite3 db "$p create table t(id integer primary key, v);" >/dev/null && for i in 1 2 3 4; do
sqlite3 db "$p insert into t values($i, hex(randomblob(600)));" >/dev/null && echo "ack $i"; done; }; w`,
			Check: `c() { cd "$1"; [ "$(sqlite3 db "pragma integrity_check")" = ok ] || { echo damaged; exit 1; }
have=$(sqlite3 db "select id from t" 2>&1); while read i; do echo "$have" | grep -qx $i || { echo "lost $i"; exit 1; }; done; }; c`,
		}
		r := record(t, stage, p, disk.Fault{})
		if r.run.Failed != nil || len(r.run.Acks) != 4 {
			t.Fatalf("%+v", r.run)
		}
		r.Profile, r.States, r.Kills = explore.Ext4Ordered, 60, true
		if f, counts := r.find(t); (f == nil) != sound {
			t.Errorf("synchronous=%s: %+v, %+v", sync, f, counts)
		}
	}
}

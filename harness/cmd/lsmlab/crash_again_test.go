package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A workload that was killed while its disk failed is a finding. Once the program ends
// with an error instead, which it may, the finding is not shown any more.
func TestCrashReplayMendedFault(t *testing.T) {
	needDisk(t, "ext4")
	needFiles(t)
	for tier, size := range map[string][]string{"disk": {"--disk-size", "32M"}, "files": nil} {
		dir := t.TempDir()
		mended := filepath.Join(dir, "mended")
		workload := `w() { cd "$1"; for i in 1 2 3; do echo $i > $i; sync $i . || { [ -e ` + mended + ` ] && exit 3; kill -SEGV $$; }; echo ack $i; done; }; w`
		args := append([]string{
			tier, "--workload-cmd", workload, "--check-cmd", ownCheck, "--fail", "sync:2", "--recordings", "1",
			"--profile", "drop-all", "--states", "20", "--out", filepath.Join(dir, "run"),
		}, size...)
		if status, said := crash("", args...); status != exitFinding || !strings.Contains(said, "workload: ") {
			t.Errorf("%s: status %d:\n%s", tier, status, said)
		}
		finding := filepath.Join(dir, "run", "findings", "001-workload")
		if status, said := crash("", "replay", finding); status != exitFinding {
			t.Errorf("%s: replay: status %d:\n%s", tier, status, said)
		}
		if err := os.WriteFile(mended, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if status, said := crash("", "replay", finding); status != exitSound || !strings.Contains(said, "not shown any more") {
			t.Errorf("%s: replay of the mended program: status %d:\n%s", tier, status, said)
		}
	}
	nothingLeft(t)
}

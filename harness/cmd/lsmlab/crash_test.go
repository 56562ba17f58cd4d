package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lsmlab/harness"
	"lsmlab/powerfail/rundir"
)

// crash runs a crash command in this process.
func crash(stdin string, args ...string) (status int, out string) {
	var buf bytes.Buffer
	status = run(context.Background(), harness.Catalog{}, append([]string{"crash"}, args...), strings.NewReader(stdin), &buf, &buf)
	return status, buf.String()
}

// interrupted cuts a run by Ctrl-C once it has a recording, whose log has that name. The
// run keeps what it has and releases everything.
func interrupted(t *testing.T, tier, logName string, args ...string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var said bytes.Buffer
	ended := make(chan int)
	go func() {
		ended <- run(ctx, harness.Catalog{}, append([]string{"crash", tier, "--out", out}, args...), strings.NewReader(""), &said, &said)
	}()
	log := filepath.Join(out, "recordings", "001", logName)
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(log); err == nil {
			break
		}
		if time.Since(start) > time.Minute {
			t.Fatal("nothing recorded within a minute")
		}
	}
	cancel()
	if status := <-ended; status != exitInterrupted || !strings.Contains(said.String(), "go on with: lsmlab crash "+tier) {
		t.Errorf("status %d, want %d:\n%s", status, exitInterrupted, said.String())
	}
	if r, _, _, err := rundir.Read(out); err != nil || !r.Stopped {
		t.Errorf("run %+v, %v", r, err)
	}
	nothingLeft(t)
}

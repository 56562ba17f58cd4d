package start_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"lsmlab/harness/micro"
	"lsmlab/harness/result"
	"lsmlab/harness/studies/internal/served/servedtest"
	"lsmlab/harness/studies/start"
)

// TestMain makes the test binary the server that is started.
func TestMain(m *testing.M) { servedtest.Main(m) }

func measure(t *testing.T, work, dir string) (c result.Cell, err error) {
	t.Helper()
	k := start.Kind()
	j := k.Complete(micro.Job{Contender: "pebble", Work: work, Keys: 2500, Ops: 3, Threads: 1, Dir: dir})
	_, err = k.Measure(context.Background(), j, func(string, float64) {}, &c)
	return c, err
}

// A start lasts until the server is ready; nothing is left of stores and servers.
func TestStart(t *testing.T) {
	for _, work := range []string{"empty", "killed"} {
		dir := t.TempDir()
		c, err := measure(t, work, dir)
		if err != nil || c.Ops != 3 || c.Latency.P50 <= 0 {
			t.Errorf("%s: %+v, %v", work, c, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: %d files are left, %v", work, len(left), err)
		}
	}
}

// A server that does not start fails the cell with what it said.
func TestStartFails(t *testing.T) {
	t.Setenv(servedtest.Broken, "1")
	if _, err := measure(t, "killed", t.TempDir()); err == nil || !strings.Contains(err.Error(), "the store is damaged") {
		t.Errorf("%v", err)
	}
}

package start_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"lsmlab/harness/micro"
	"lsmlab/harness/result"
	"lsmlab/harness/studies/start"
)

// TestMain makes the test binary the server that is started: one that is ready at the third
// question, keeps batches in a file, and does not start on a store that says so.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		fakeServer(os.Args)
	}
	os.Exit(m.Run())
}

func fakeServer(args []string) {
	dir := args[5]
	if old, _ := os.ReadFile(filepath.Join(dir, "batches")); os.Getenv("BROKEN") != "" && len(old) > 0 {
		fmt.Fprintln(os.Stderr, "the store is damaged")
		os.Exit(1)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var asked atomic.Int64
	http.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	http.HandleFunc("POST /batch", func(w http.ResponseWriter, _ *http.Request) {
		f, err := os.OpenFile(filepath.Join(dir, "batches"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err == nil {
			_, err = f.WriteString("batch\n")
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	fmt.Printf("serving fake at http://%s\n", l.Addr())
	panic(http.Serve(l, nil))
}

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
	t.Setenv("BROKEN", "1")
	if _, err := measure(t, "killed", t.TempDir()); err == nil || !strings.Contains(err.Error(), "the store is damaged") {
		t.Errorf("%v", err)
	}
}

// Package microtest is the conformance suite of a kind of contenders.
package microtest

import (
	"context"
	"errors"
	"os"
	"testing"

	"lsmlab/harness/micro"
	"lsmlab/harness/result"
)

// Run makes every contender do every work on a few keys, with one thread and with several,
// and once with a context that has ended. A kind that loses operations,
// that leaves files, or that does not stop fails.
func Run(t *testing.T, k micro.Kind, keys int64) {
	if k.Name == "" || k.About == "" || len(k.Contenders) == 0 || len(k.Works) == 0 || k.Measure == nil {
		t.Fatal("a kind has a name, a line about it, contenders, works and a measure")
	}
	for _, c := range k.Contenders {
		for _, w := range k.Works {
			t.Run(c.Name+"/"+w.Name, func(t *testing.T) {
				for _, threads := range []int{1, 3} {
					run(t, k, micro.Job{Contender: c.Name, Work: w.Name, Keys: keys, Threads: threads, Seed: 1, Dir: t.TempDir()})
				}
				cut(t, k, micro.Job{Contender: c.Name, Work: w.Name, Keys: keys, Ops: -1, Threads: 2, Dir: t.TempDir()})
			})
		}
	}
}

func run(t *testing.T, k micro.Kind, j micro.Job) {
	t.Helper()
	var cell result.Cell
	out, err := k.Measure(context.Background(), k.Complete(j), func(string, float64) {}, &cell)
	if err != nil {
		t.Fatal(err)
	}
	if cell.Ops < int64(j.Threads) || cell.Calls <= 0 || cell.Seconds <= 0 || cell.OpsPerSec <= 0 || cell.Latency.Max <= 0 || len(out.Hists) == 0 {
		t.Errorf("%d threads: %d operations by %d calls in %v s, longest %d ns", j.Threads, cell.Ops, cell.Calls, cell.Seconds, cell.Latency.Max)
	}
	if left, err := os.ReadDir(j.Dir); err != nil || len(left) > 0 {
		t.Errorf("%d threads: %d files are left: %v", j.Threads, len(left), err)
	}
}

// cut runs a job without an end under a context that has ended.
func cut(t *testing.T, k micro.Kind, j micro.Job) {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	end()
	if _, err := k.Measure(ctx, k.Complete(j), func(string, float64) {}, &result.Cell{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cell that was cut ends with %v, want that it was cancelled", err)
	}
}

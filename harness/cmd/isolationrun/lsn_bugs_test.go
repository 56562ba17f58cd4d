//go:build plantedbugs

package isolationrun

import (
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"text/tabwriter"

	"lsmlab/engines/kv"
	"lsmlab/engines/plantedbugs"
	"lsmlab/harness"
	"lsmlab/powerfail/isolation/isorun"
)

// flushing is an engine that flushes at every fifth begin of a transaction. So versions
// that only transactions read meet a flush together with those that replaced them.
type flushing struct {
	kv.Engine
	kv.LSNApplier
	kv.Transactor

	begun atomic.Int64
}

func (f *flushing) Begin(o kv.TxnOptions) (kv.Txn, error) {
	t, err := f.Transactor.Begin(o)
	if err != nil || f.begun.Add(1)%5 != 0 {
		return t, err
	}
	if err := f.Engine.(kv.Flusher).Flush(); err != nil {
		t.Discard()
		return nil, err
	}
	return t, nil
}

// probed probes our core once with a seed, and returns what came of it and the error that
// the command would end with.
func probed(t *testing.T, level, durability string, seed uint64, flushes bool) (cell isorun.Cell, outcomeErr error) {
	t.Helper()
	r := Request{Engines: []string{"lsm-skiplist"}, Levels: []string{level}, Durability: durability, Seed: seed, Scripts: 20, Keep: 1}
	c, err := r.campaign()
	if err != nil {
		t.Fatal(err)
	}
	c.Findings = 0 // to make them smaller takes many more runs
	if opens := c.Open; flushes {
		c.Open = func(engine, dir string) (kv.Engine, error) {
			e, err := opens(engine, dir)
			if err != nil {
				return nil, err
			}
			return &flushing{Engine: e, LSNApplier: e.(kv.LSNApplier), Transactor: e.(kv.Transactor)}, nil
		}
	}
	o := outcome{table: tabwriter.NewWriter(io.Discard, 0, 0, 2, ' ', 0)}
	c.Each = func(of isorun.Cell, findings []string) {
		cell = of
		o.add(of, findings)
	}
	dir, err := isorun.Create(filepath.Join(t.TempDir(), "run"), isorun.Run{Seed: seed, Scripts: r.Scripts})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Run(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	return cell, o.err()
}

// Bugs of the core that are planted are found by both judges, and they never disagree. A
// race needs several tries, and threads that the scheduler can stop anywhere.
func TestPlantedBugsLSNs(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(4, runtime.GOMAXPROCS(0))))
	for _, c := range []struct {
		bug, level, durability string
		tries                  uint64
	}{
		{"txn-unchecked", "snapshot", "buffered", 1},
		{"txn-unchecked", "serializable", "buffered", 1},
		{"txn-discard-applied", "read-committed", "buffered", 1},
		{"txn-discard-applied", "serializable", "buffered", 1},
		{"txn-check-early", "snapshot", "synced", 200},
		{"txn-check-early", "serializable", "synced", 200},
		{"pins-ignored", "snapshot", "buffered", 20},
		{"pins-ignored", "serializable", "buffered", 20},
	} {
		t.Run(c.bug+" "+c.level, func(t *testing.T) {
			plantedbugs.Plant(c.bug)
			defer plantedbugs.Plant("")
			for seed := uint64(1); ; seed++ {
				cell, err := probed(t, c.level, c.durability, seed, c.bug == "pins-ignored")
				if cell.Disagreed > 0 || cell.JudgedByLSNs != cell.Scripts || cell.Error != "" {
					t.Fatalf("%d of %d judged by LSNs, %d disagree: %s", cell.JudgedByLSNs, cell.Scripts, cell.Disagreed, cell.Error)
				}
				if errors.Is(err, harness.ErrFinding) && cell.RefutingByLSNs > 0 && !cell.Sound() {
					t.Logf("seed %d: %d of %d scripts refute, %d by LSNs: %s", seed, cell.Refuting, cell.Scripts, cell.RefutingByLSNs, cell.AnomalyText())
					return
				}
				if seed == c.tries {
					t.Fatalf("not found with %d seeds; the last: %v, anomalies %s", c.tries, err, cell.AnomalyText())
				}
			}
		})
	}
}

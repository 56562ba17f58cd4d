// Package historytest makes runs for tests of what is drawn over time.
package historytest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lsmlab/harness/result"
)

// Engines are the engines of all runs.
var Engines = []string{"lsm-bptree", "pebble"}

// Runs are runs of commits that followed each other, measured in the order of their
// commits, a day apart.
type Runs struct {
	Count int
	// Speed returns the operations/s of an engine in a run, from 0. Each of the three
	// rounds is up to 1% off, by Rng.
	Speed func(engine string, run int) float64
	Rng   *rand.Rand
	// Change changes what a run is about; nil changes nothing.
	Change func(run int, p *result.Plan, e *result.Env)
}

// Commit returns the commit of a run.
func Commit(run int) string { return fmt.Sprintf("%07x%033d", 0xabc0000+run, 0) }

// Write writes the runs below a new directory and returns theirs.
func (r Runs) Write(t testing.TB) (dirs []string) {
	t.Helper()
	parent := t.TempDir()
	for i := range r.Count {
		dir := filepath.Join(parent, fmt.Sprintf("run-%02d", i+1))
		if err := r.write(dir, i); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	return dirs
}

func (r Runs) write(dir string, run int) error {
	p := result.Plan{
		Engines: Engines, Workloads: []string{"fillrandom"}, Durabilities: []string{"buffered"}, Threads: []int{1}, Rounds: 3, Keys: 1000,
	}
	day := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, run)
	e := result.Env{
		Started: day.Add(time.Hour), CPU: "A CPU of 3 GHz", Cores: 2, GOMAXPROCS: 2, MemoryBytes: 16 << 30, Kernel: "6.1.0", OS: "linux", Arch: "amd64",
		FileSystem: "ext4", MountOptions: "rw", GoVersion: "go1.26.0", Commit: Commit(run), CommitTime: day, Command: "lsmlab bench",
		Engines: []result.EngineInfo{{Name: Engines[0], Own: true}, {Name: Engines[1], Version: "v1"}},
	}
	if r.Change != nil {
		r.Change(run, &p, &e)
	}
	if err := errors.Join(os.Mkdir(dir, 0o755), result.WritePlan(dir, p), result.WriteEnv(dir, e)); err != nil {
		return err
	}
	w, err := result.OpenCells(dir)
	if err != nil {
		return err
	}
	for _, engine := range p.Engines {
		for round := 1; round <= p.Rounds; round++ {
			speed := r.Speed(engine, run) * (0.99 + 0.02*r.Rng.Float64())
			err = errors.Join(err, w.Append(result.Cell{
				ID: result.CellID("fillrandom", engine, "buffered", 1, round), Status: result.StatusOK, Engine: engine, Workload: "fillrandom",
				Durability: "buffered", Threads: 1, Round: round, Ops: 1000, OpsPerSec: speed, Latency: result.Latency{P99: int64(3e9 / speed)},
			}))
		}
	}
	return errors.Join(err, w.Close())
}

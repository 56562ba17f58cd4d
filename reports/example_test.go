package reports_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"lsmlab/harness/result"
	"lsmlab/reports"
	"lsmlab/reports/internal/fakeenv"
)

// A run directory is drawn from its files alone. This one is of a race of two engines
// that has a cell of each; `lsmlab bench` makes such directories.
func ExampleRender() {
	dir, err := os.MkdirTemp("", "lsmlab-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := race(dir); err != nil {
		log.Fatal(err)
	}

	index, err := reports.Render(dir, reports.Options{Baseline: "pebble"})
	if err != nil {
		log.Fatal(err)
	}
	charts, err := filepath.Glob(filepath.Join(dir, "charts", "*.svg"))
	fmt.Println(filepath.Base(index), len(charts) > 0, err)
	// Output:
	// index.html true <nil>
}

// race makes the directory of a small race.
func race(dir string) error {
	engines := []string{"lsm-bptree", "pebble"}
	env := fakeenv.Of(engines, []string{"buffered"}) // a real one: harness/machine
	plan := result.Plan{
		Engines: engines, Workloads: []string{"ycsb-a"}, Durabilities: []string{"buffered"},
		Threads: []int{1}, Rounds: 1, Keys: 1000,
	}
	if err := errors.Join(result.WriteEnv(dir, env), result.WritePlan(dir, plan)); err != nil {
		return err
	}
	w, err := result.OpenCells(dir)
	if err != nil {
		return err
	}
	for i, engine := range engines {
		err = errors.Join(err, w.Append(result.Cell{
			ID: result.CellID("ycsb-a", engine, "buffered", 1, 1), Status: result.StatusOK,
			Engine: engine, Workload: "ycsb-a", Durability: "buffered", Loop: result.LoopClosed, Threads: 1, Round: 1,
			OpsPerSec: 100_000 * float64(2-i),
		}))
	}
	return errors.Join(err, w.Close())
}

// What a directory holds is told by its files, not by its name.
func ExampleKindOf() {
	dir, err := os.MkdirTemp("", "lsmlab-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	load := result.LoadPlan{Profile: "steady", Engines: []string{"pebble"}, Rounds: 1}
	if err := result.WriteLoadPlan(dir, load); err != nil {
		log.Fatal(err)
	}
	fmt.Println(reports.KindOf(dir) == reports.Service)
	// Output:
	// true
}

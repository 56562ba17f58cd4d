package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"lsmlab/powerfail/rundir"
)

const (
	// soakStates is how many states a chunk of a soak has, unless --states is
	// given. Few, so that an hour has hundreds of seeds: states of one program are
	// alike, and both bugs that were found by other seeds took another program.
	soakStates = 10_000
	// soakNews is how often a soak says how far it is.
	soakNews = time.Minute
)

// soak explores chunks, engine after engine and profile after profile, again and
// again, each chunk with a seed of its own, until the time is over. A cell of the
// run is the sum of an engine's chunks under a profile; one with --findings
// findings is left out from then on.
func (r *simRun) soak(ctx context.Context) error {
	within, stop := context.WithTimeout(ctx, r.lasts)
	defer stop()
	seeds := rand.New(rand.NewPCG(r.seed, 0))
	news := r.start
	for _, engine := range r.engines {
		for _, p := range r.parsed {
			r.cells = append(r.cells, rundir.Cell{Key: r.key(engine, p)})
		}
	}
	for explored := true; explored && within.Err() == nil; {
		explored = false
		for i := range r.cells {
			cell := &r.cells[i]
			if within.Err() != nil || sum(cell.Violations) >= int64(r.findings) {
				continue
			}
			explored = true
			r.seed = seeds.Uint64N(1e12)
			r.run.Seeds = append(r.run.Seeds, r.seed)
			if err := r.chunk(within, cell); err != nil {
				return err
			}
			if time.Since(news) >= soakNews {
				news = time.Now()
				r.progress.Line("%s of %s: %s", news.Sub(r.start).Round(time.Second), r.lasts, r.soFar())
			}
		}
		if err := r.keepSoak(); err != nil {
			return err
		}
	}
	for i := range r.cells {
		r.progress.Line("%s", cellLine(&r.cells[i]))
	}
	r.progress.Line("%s in %s", r.soFar(), time.Since(r.start).Round(time.Second))
	return r.keepSoak()
}

// chunk explores the engine and profile of a cell with the present seed. A
// finding comes with the line that explores its chunk again.
func (r *simRun) chunk(ctx context.Context, cell *rundir.Cell) error {
	before := r.found
	got, err := r.explore(ctx, cell.Key)
	if err != nil {
		return err
	}
	cell.Add(&got.Counts)
	cell.Seconds += got.Seconds
	if r.found > before {
		line := fmt.Sprintf("lsmlab crash sim --engines %s --profile %s --no-short --states %d --depth %d --findings %d --seed %d",
			cell.Engine, cell.Profile, r.states, r.depth, r.findings, r.seed)
		if cell.Bug != "" {
			line += " --bug " + cell.Bug
		}
		r.progress.Line("  its chunk: %s", line)
	}
	return nil
}

// soFar says what all chunks have covered.
func (r *simRun) soFar() string {
	var programs, distinct int64
	for i := range r.cells {
		programs, distinct = programs+r.cells[i].Programs, distinct+r.cells[i].Distinct
	}
	return fmt.Sprintf("%d distinct states of %d programs under %d seeds, %d findings", distinct, programs, len(r.run.Seeds), r.found)
}

// keepSoak writes down what there is, so that a run that is killed has it.
func (r *simRun) keepSoak() error {
	if err := r.dir.SetCells(r.cells); err != nil {
		return err
	}
	return r.dir.SetRun(r.run)
}

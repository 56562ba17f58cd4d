package simtier

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/rundir"
)

const (
	// SoakStates is how many states a chunk of a soak has, unless --states is
	// given. Few, so that an hour has hundreds of seeds: states of one program are
	// alike, and both bugs that were found by other seeds took another program.
	SoakStates = 10_000
	// soakNews is how often a soak says how far it is.
	soakNews = time.Minute
)

// soak explores chunks, engine after engine and profile after profile, again and
// again, each chunk with a seed of its own, until the time is over. A cell of the
// run is the sum of an engine's chunks under a profile; one with --findings
// findings is left out from then on.
func (t *Tier) soak(ctx context.Context, r *campaign.Run) error {
	within, stop := context.WithTimeout(ctx, t.Lasts)
	defer stop()
	seeds := rand.New(rand.NewPCG(t.Seed, 0))
	news := t.start
	for _, engine := range t.Engines {
		for _, p := range t.Profiles {
			r.Cells = append(r.Cells, rundir.Cell{Key: t.key(engine, p)})
		}
	}
	for explored := true; explored && within.Err() == nil; {
		explored = false
		for i := range r.Cells {
			cell := &r.Cells[i]
			if within.Err() != nil || campaign.Violations(cell) >= int64(t.Findings) {
				continue
			}
			explored = true
			t.Seed = seeds.Uint64N(1e12)
			r.Info.Seeds = append(r.Info.Seeds, t.Seed)
			if err := t.chunk(within, r, cell); err != nil {
				return err
			}
			if time.Since(news) >= soakNews {
				news = time.Now()
				r.Line("%s of %s: %s", news.Sub(t.start).Round(time.Second), t.Lasts, soFar(r))
			}
		}
		if err := keepSoak(r); err != nil {
			return err
		}
	}
	for i := range r.Cells {
		r.Line("%s", campaign.CellLine(&r.Cells[i]))
	}
	r.Line("%s in %s", soFar(r), time.Since(t.start).Round(time.Second))
	return keepSoak(r)
}

// chunk explores the engine and profile of a cell with the present seed. A
// finding comes with the line that explores its chunk again.
func (t *Tier) chunk(ctx context.Context, r *campaign.Run, cell *rundir.Cell) error {
	before := r.Found
	got, err := t.explore(ctx, r, cell.Key)
	if err != nil {
		return err
	}
	cell.Add(&got.Counts)
	cell.Seconds += got.Seconds
	if r.Found > before {
		line := fmt.Sprintf("lsmlab crash sim --engines %s --profile %s --no-short --states %d --depth %d --findings %d --seed %d",
			cell.Engine, cell.Profile, t.States, t.Depth, t.Findings, t.Seed)
		if cell.Bug != "" {
			line += " --bug " + cell.Bug
		}
		r.Line("  its chunk: %s", line)
	}
	return nil
}

// soFar says what all chunks have covered.
func soFar(r *campaign.Run) string {
	var programs, distinct int64
	for i := range r.Cells {
		programs, distinct = programs+r.Cells[i].Programs, distinct+r.Cells[i].Distinct
	}
	return fmt.Sprintf("%d distinct states of %d programs under %d seeds, %d findings", distinct, programs, len(r.Info.Seeds), r.Found)
}

// keepSoak writes down what there is, so that a run that is killed has it.
func keepSoak(r *campaign.Run) error {
	if err := r.Dir.SetCells(r.Cells); err != nil {
		return err
	}
	return r.Dir.SetRun(r.Info)
}

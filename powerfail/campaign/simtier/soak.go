package simtier

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/sim"
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
	soak := soaking{Tier: t, run: r, seeds: rand.New(rand.NewPCG(t.Seed, 0))}
	for _, engine := range t.Engines {
		for _, p := range t.Profiles {
			soak.cells = append(soak.cells, &rundir.Cell{Key: t.key(engine, p)})
		}
	}
	start := time.Now()
	t.lasted = func() time.Duration { return soak.earlier + time.Since(start) }
	for explored := true; explored && ctx.Err() == nil && t.lasted() < t.Lasts; {
		var err error
		if explored, err = soak.round(ctx); err != nil {
			return err
		}
	}
	for _, cell := range soak.cells {
		if err := r.Add(*cell); err != nil {
			return err
		}
	}
	r.Line("%s in %s", soFar(r), t.lasted().Round(time.Second))
	return r.Dir.SetRun(r.Info)
}

// soaking is a soak under way.
type soaking struct {
	*Tier
	run     *campaign.Run
	seeds   *rand.Rand
	cells   []*rundir.Cell
	earlier time.Duration // that earlier goes of this run took
	news    time.Duration // when it was last said how far the soak is
}

// round explores a chunk of each cell, and says whether there was one.
func (s *soaking) round(ctx context.Context) (explored bool, err error) {
	for _, cell := range s.cells {
		if ctx.Err() != nil || s.lasted() >= s.Lasts || campaign.Violations(cell) >= int64(s.Findings) {
			continue
		}
		explored = true
		s.Seed = s.seeds.Uint64N(1e12)
		s.run.Info.Seeds = append(s.run.Info.Seeds, s.Seed)
		if err := s.chunk(ctx, cell); err != nil {
			return explored, err
		}
		if s.lasted() >= s.news+soakNews {
			s.news = s.lasted()
			s.run.Line("%s of %s: %s", s.news.Round(time.Second), s.Lasts, soFar(s.run))
		}
	}
	return explored, s.run.Dir.SetRun(s.run.Info)
}

// chunk explores the engine and profile of a cell with the present seed. A
// finding comes with the line that explores its chunk again.
func (s *soaking) chunk(ctx context.Context, cell *rundir.Cell) error {
	r, before, mine := s.run, cell.Seconds, false
	id := fmt.Sprintf("%s %s %d", cell.Engine, cell.Profile, len(r.Info.Seeds))
	err := r.Do(ctx, id, campaign.Memory{Cells: []*rundir.Cell{cell}}, func() error {
		mine = true
		within, stop := context.WithTimeout(ctx, s.Lasts-s.lasted())
		defer stop()
		found := r.Found
		c := sim.Campaign{NoShort: true, States: s.States, Findings: s.Findings}
		if err := s.explore(within, r, cell, c); err != nil {
			return err
		}
		if r.Found > found {
			r.Line("  its chunk: %s", s.again(cell))
		}
		return nil
	})
	if !mine {
		s.earlier += time.Duration((cell.Seconds - before) * float64(time.Second))
	}
	return err
}

// again is the line that explores the present chunk of a cell.
func (s *soaking) again(cell *rundir.Cell) string {
	line := fmt.Sprintf("lsmlab crash sim --engines %s --profile %s --no-short --states %d --depth %d --findings %d --seed %d",
		cell.Engine, cell.Profile, s.States, s.Depth, s.Findings, s.Seed)
	if cell.Bug != "" {
		line += " --bug " + cell.Bug
	}
	return line
}

// soFar says what all chunks have covered.
func soFar(r *campaign.Run) string {
	var programs, distinct int64
	for i := range r.Cells {
		programs, distinct = programs+r.Cells[i].Programs, distinct+r.Cells[i].Distinct
	}
	return fmt.Sprintf("%d distinct states of %d programs under %d seeds, %d findings", distinct, programs, len(r.Info.Seeds), r.Found)
}

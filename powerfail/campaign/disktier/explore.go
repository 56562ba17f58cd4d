package disktier

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"lsmlab/engines/fileroles"
	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
)

// explore explores recordings of a subject under one profile after the other, the weakest
// first, so that a finding is shown under the weakest profile that can show it. states is
// the number of states for all recordings together.
func (t *Tier) explore(ctx context.Context, recs []*disk.Recording, s *state, states int64, part campaign.Shard) error {
	for i, cell := range s.cells {
		want := min(states, t.States-cell.Distinct)
		for n, rec := range recs {
			if t.full(s) {
				return nil
			}
			share := want / int64(len(recs)-n) // what one leaves the next may have
			if share <= 0 {
				continue
			}
			before := cell.Distinct
			id := cell.Profile + " of recording " + filepath.Base(rec.Dir)
			if err := t.do(ctx, s, id, func() error { return t.exploreOne(ctx, rec, s, i, share, part) }); err != nil {
				return err
			}
			want -= cell.Distinct - before
		}
	}
	return nil
}

// exploreOne explores a recording under one profile, and the runs that follow its states.
func (t *Tier) exploreOne(ctx context.Context, rec *disk.Recording, s *state, i int, states int64, part campaign.Shard) error {
	cell := s.cells[i]
	x, err := t.exploration(rec, s, cell)
	if err != nil {
		return err
	}
	deep := t.nestedStates(rec, states)
	x.States, x.Shard, x.Shards = states-deep, part.I, part.N
	x.OnState = t.onState(cell, i)
	found := s.causes.Found
	if err := t.run1(ctx, rec, s, cell, x); err != nil {
		return err
	}
	if deep > 0 && !t.full(s) {
		if err := t.nested(ctx, rec, s, i, deep); err != nil {
			return err
		}
	}
	if s.causes.Found == found {
		s.silent.keep(rec, x.Profile)
	}
	return nil
}

// exploration returns the exploration of a recording under the profile of a cell.
func (t *Tier) exploration(rec *disk.Recording, s *state, cell *rundir.Cell) (*disk.Exploration, error) {
	judge, err := t.judges(rec)
	if err != nil {
		return nil, err
	}
	kind, err := disk.LookupFileSystem(rec.FileSystem)
	if err != nil {
		return nil, err
	}
	x := &disk.Exploration{
		Stage: t.stage, LogFile: rec.LogFile(), Log: rec.Log, Kind: kind, Judge: judge,
		Profile: explore.Profile(cell.Profile), Seed: t.Seed, Workers: t.Workers,
		Known: s.knows, Silent: s.silent.of(rec),
		OnDoubt: func(what string) { t.run.Line("no finding: %s", what) },
		OnRefused: func(why string) {
			if cell.Refused == 0 {
				t.run.Line("no verdict, the file system's own: %s", why)
			}
		},
	}
	if rec.OfEngine() {
		x.Role = fileroles.Of
	}
	return x, nil
}

// onState returns a function that shows the progress of a cell.
func (t *Tier) onState(cell *rundir.Cell, i int) func(int64) {
	start, before := time.Now(), cell.Distinct
	return func(distinct int64) {
		share := float64(before+distinct) / float64(t.States)
		t.run.At((t.done+i)*steps+int(min(share, 1)*steps), fmt.Sprintf("%s %s %s: %d states, %.0f/s",
			cell.Engine, cell.FileSystem, cell.Profile, before+distinct, float64(distinct)/time.Since(start).Seconds()))
	}
}

// run1 runs an exploration until it finds nothing more, or there are enough findings.
func (t *Tier) run1(ctx context.Context, rec *disk.Recording, s *state, cell *rundir.Cell, x *disk.Exploration) error {
	for {
		start := time.Now()
		counts, found, err := x.Run(ctx)
		cell.Add(&counts)
		cell.Seconds += time.Since(start).Seconds()
		x.States -= counts.Distinct
		if err != nil || found == nil && counts.Unconfirmed == 0 {
			return err
		}
		if x.Seed++; found == nil { // others than were seen
			if counts.Distinct == 0 || x.States <= 0 {
				return nil
			}
			continue
		}
		s.keep(&oracle.Violation{Rule: found.Rule, Detail: found.Detail})
		if err := t.keepLeast(ctx, rec, *x, cell, found); err != nil || t.full(s) {
			return err
		}
		if x.States <= 0 {
			return nil
		}
	}
}

// keep completes a finding with what only the run knows, and reports it.
func (t *Tier) keep(rec *disk.Recording, cell *rundir.Cell, f *rundir.Finding) (err error) {
	f.Key, f.Program = cell.Key, rec.Program
	if !rec.OfEngine() {
		f.Program, f.Acked = ownText(rec), rec.Acked(f.Cut.Position)
	} else if f.History, _, err = rec.History(); err != nil {
		return err
	}
	var s disk.Scenario
	if err := json.Unmarshal(f.Scenario, &s); err != nil {
		return err
	}
	s.CheckCommand, s.Reopen = rec.CheckCommand, rec.Reopen
	if f.Scenario, err = json.Marshal(s); err != nil {
		return err
	}
	return t.run.Report(*f)
}

// judges returns a function that makes judges of a recording's stores.
func (t *Tier) judges(rec *disk.Recording) (func() disk.Judge, error) {
	if rec.OfEngine() {
		h, p, err := rec.History()
		if err != nil {
			return nil, err
		}
		return t.self.Judges(t.stage, rec.Engine, rec.Bug, p.Durability, h)
	}
	if rec.CheckCommand == "" {
		return nil, campaign.Wrong("check_cmd", "is not given, and the recording has no check command: give one")
	}
	return func() disk.Judge { return disk.NewOwnJudge(t.stage, rec.Own(), rec.Log) }, nil
}

// Package filestier runs campaigns of the file level: programs and engines in a
// directory whose operations are recorded.
package filestier

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/process"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// Tier explores every subject.
type Tier struct {
	*campaign.Options
	Program    subject.Program // a person's own, if there are no engines
	Recordings int             // of it
	Workers    int             // states checked at once
	Kill       bool            // only end the process, without a power loss
	Fault      disk.Fault      // of the workload's files
	// Old are recordings of another run, which are explored again in place of new ones. If
	// Program.Check is not empty, this command checks them.
	Old []*files.Recording

	run    *campaign.Run
	stage  *disk.Stage
	self   process.Self
	name   string // of the subject, in its units
	causes campaign.Causes
	number int // of recordings made
	done   int // cells
}

const (
	// statesPerProgram is the most states of one recording, if there are many recordings.
	statesPerProgram = 300
	// steps is how finely the progress moves within a cell.
	steps = 1000
)

// Name implements [campaign.Tier].
func (t *Tier) Name() string { return files.Tier }

// Steps implements [campaign.Tier].
func (t *Tier) Steps() int { return max(1, len(t.Engines)) * len(t.Profiles) * steps }

// Versions implements [campaign.Tier].
func (t *Tier) Versions() map[string]string { return map[string]string{"kernel": disk.Kernel()} }

// Explore implements [campaign.Tier].
func (t *Tier) Explore(ctx context.Context, r *campaign.Run) (err error) {
	if err := t.begin(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stage.Close()) }()
	t.run = r
	if t.Old != nil {
		return t.old(ctx)
	}
	for _, what := range t.Subjects(t.Program) {
		cells := t.subject(&what)
		if what.Own() {
			err = t.own(ctx, cells)
		} else {
			err = t.engine(ctx, what.Engine, cells)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *Tier) begin() (err error) {
	if t.self, err = process.This(); err != nil {
		return err
	}
	t.stage, err = disk.NewStage()
	return err
}

// old explores the recordings of another run, those of one subject together.
func (t *Tier) old(ctx context.Context) error {
	for _, same := range campaign.Group(t.Old, (*files.Recording).Subject) {
		for _, rec := range same {
			rec.Program.Check = cmp.Or(t.Program.Check, rec.Program.Check)
		}
		cells := t.subject(&campaign.Subject{Engine: same[0].Engine, Bug: same[0].Bug})
		if err := t.together(ctx, cells, same); err != nil {
			return err
		}
	}
	return nil
}

// subject begins another subject, without known causes, and returns its cells.
func (t *Tier) subject(s *campaign.Subject) []*rundir.Cell {
	cells := t.cells(s)
	t.name, t.causes = strings.TrimSpace(cells[0].Engine+" "+s.Bug), campaign.Causes{Known: map[string]bool{}}
	return cells
}

// together explores recordings of one subject under one profile after the other.
func (t *Tier) together(ctx context.Context, cells []*rundir.Cell, recordings []*files.Recording) (err error) {
	for i, cell := range cells {
		if t.enough() {
			t.run.Line("profiles that lose more show the same, and were left out; --findings %d looks for more", t.Findings+1)
			break
		}
		err := t.profile(ctx, i, cell, recordings)
		if err = errors.Join(err, t.end(cell)); err != nil {
			return err
		}
	}
	return nil
}

// end adds a cell to the run.
func (t *Tier) end(cell *rundir.Cell) error {
	t.done++
	return t.run.Add(*cell)
}

// cells returns a cell for each profile. If processes are only killed, there is one cell.
func (t *Tier) cells(s *campaign.Subject) []*rundir.Cell {
	cells := s.Cells(files.FileSystem, t.Profiles)
	if t.Kill {
		cells = cells[:1]
		cells[0].Profile = campaign.ProfileKill
	}
	return cells
}

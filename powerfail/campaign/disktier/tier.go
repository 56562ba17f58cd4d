// Package disktier runs campaigns of tier 2: engines and programs on a real file system,
// whose disk is recorded.
package disktier

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/process"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/rundir"
)

// Tier explores every subject on every file system.
type Tier struct {
	*campaign.Options
	Kinds    []disk.FileSystem
	Size     int64 // of the recorded disk, in bytes
	Workers  int   // states mounted at once
	Programs int   // generated ones; 0: as many as States takes
	Busy     bool  // a neighbour uses the file system too, for engines; see [Own] for others
	Own      Own
	// Old are recordings of another run, which are explored again in place of new ones. If
	// Check is not empty, this command checks them.
	Old   []*disk.Recording
	Check string

	run        *campaign.Run
	stage      *disk.Stage
	self       process.Self
	done       int // cells
	recordings int // made
}

// DefaultSize is the size of a recorded disk, in bytes.
const DefaultSize = 256 << 20

const (
	// statesPerProgram is the most states of one recording, if there are many recordings.
	statesPerProgram = 300
	// steps is how finely the progress moves within a cell.
	steps = 1000
)

// Prepare sets the file systems by their names. It returns a [*field.Error] for a
// value that makes no sense, and another error for a machine on which the tier cannot work.
func (t *Tier) Prepare(fileSystems []string) error {
	switch n := t.Own.Recordings; {
	case t.Size < 1:
		return campaign.Wrong("disk_size", "is %d: want a positive number of bytes", t.Size)
	case t.Workers < 1:
		return campaign.Wrong("workers", "is %d: want 1 or more", t.Workers)
	case t.Programs < 0:
		return campaign.Wrong("programs", "is %d: want 1 or more, or 0 for as many as states take", t.Programs)
	case n < 0 || n > 1000:
		return campaign.Wrong("recordings", "is %d: want 1 to 1000, or 0 for a few", n)
	}
	for _, name := range fileSystems {
		kind, err := disk.LookupFileSystem(name)
		if err != nil {
			return campaign.Wrong("fs", "is wrong: %w", err)
		}
		if err := disk.Require(kind); err != nil {
			return fmt.Errorf("crash disk can't be done here: %w", err)
		}
		if !slices.ContainsFunc(t.Kinds, func(k disk.FileSystem) bool { return k.Name == name }) {
			t.Kinds = append(t.Kinds, kind)
		}
	}
	return nil
}

// Name implements [campaign.Tier].
func (t *Tier) Name() string { return disk.Tier }

// Steps implements [campaign.Tier].
func (t *Tier) Steps() int {
	return max(1, len(t.Engines)) * len(t.Kinds) * len(t.Profiles) * steps
}

// Versions implements [campaign.Tier].
func (t *Tier) Versions() map[string]string { return map[string]string{"kernel": disk.Kernel()} }

// Explore implements [campaign.Tier].
func (t *Tier) Explore(ctx context.Context, r *campaign.Run) (err error) {
	if t.self, err = process.This(); err != nil {
		return err
	}
	if t.stage, err = disk.NewStage(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stage.Close()) }()
	t.run = r
	if t.Old != nil {
		err = t.again(ctx)
	} else {
		err = t.all(ctx)
	}
	if err == nil {
		err = t.seen()
	}
	return err
}

// all records and explores every subject on every file system.
func (t *Tier) all(ctx context.Context) error {
	for _, what := range t.Subjects(t.Own.Program) {
		for _, kind := range t.Kinds {
			s := t.newState(&what, kind.Name)
			var err error
			if what.Own() {
				err = t.own(ctx, kind, s)
			} else {
				err = t.each(ctx, what.Engine, kind, s)
			}
			if err = errors.Join(err, t.addCells(s)); err != nil {
				return err
			}
		}
	}
	return nil
}

// again explores the recordings of another run, those of one subject together.
func (t *Tier) again(ctx context.Context) error {
	for _, same := range campaign.Group(t.Old, (*disk.Recording).Subject) {
		for _, rec := range same {
			rec.CheckCommand = cmp.Or(t.Check, rec.CheckCommand)
		}
		s := t.newState(&campaign.Subject{Engine: same[0].Engine, Bug: same[0].Bug}, same[0].FileSystem)
		err := t.explore(ctx, same, s, t.States, t.Shard)
		if err = errors.Join(err, t.addCells(s)); err != nil {
			return err
		}
	}
	return nil
}

// newState returns the state of a subject before anything was explored.
func (t *Tier) newState(s *campaign.Subject, fileSystem string) *state {
	cells := s.Cells(fileSystem, t.Profiles)
	return &state{name: strings.TrimSpace(cells[0].Engine + " " + fileSystem + " " + s.Bug), cells: cells}
}

// full says whether a subject has as many findings as --findings asks for.
func (t *Tier) full(s *state) bool { return s.causes.Found >= t.Findings }

func (t *Tier) addCells(s *state) (err error) {
	for _, c := range s.cells {
		t.done++
		err = errors.Join(err, t.run.Add(*c))
	}
	if t.full(s) && slices.ContainsFunc(s.cells, func(c *rundir.Cell) bool { return c.Explored == 0 }) {
		t.run.Line("profiles that lose more show the same, and were left out; --findings %d looks for more", t.Findings+1)
	}
	return err
}

package disktier

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
)

// Bounds of shrinking the program of a finding. A recording and its states take about a
// second.
const (
	shrinkTries  = 25
	shrinkStates = 100
)

// keepLeast reports a finding with the smallest program found that shows it. Three kinds
// keep their program: a recording of an earlier run, which is explored as it is; a finding
// after a second crash, which needs its first run unchanged; and a program of the user,
// whose parts are unknown here.
func (t *Tier) keepLeast(ctx context.Context, rec *disk.Recording, x disk.Exploration, cell *rundir.Cell, f *rundir.Finding) error {
	if !rec.OfEngine() || t.Old != nil || x.Depth > 0 {
		return t.keep(rec, cell, f)
	}
	p, err := program.Parse(rec.Program)
	if err != nil {
		return err
	}
	x.OnState, x.Shards, x.States = nil, 0, shrinkStates
	x.Known, x.Silent = nil, nil
	x.Workers = 1 // or the finding of the least program might be another one than was shown
	var least *disk.Recording
	tries := 0
	p.Shrink(func(q *program.Program) bool {
		if tries++; tries > shrinkTries {
			return false
		}
		dir := filepath.Join(t.stage.Dir, fmt.Sprintf("shrink-%03d", tries))
		less, err := t.recordEngine(ctx, rec.Engine, x.Kind, q, dir)
		if err != nil || !t.shows(ctx, x, less, f.Rule) { // a program that fails shows nothing
			_ = os.RemoveAll(dir) // the stage goes at the end
			return false
		}
		least = less
		return true
	})
	if least == nil {
		return t.keep(rec, cell, f)
	}
	if x, err = t.exploring(x, least); err != nil {
		return err
	}
	_, found, err := x.Run(ctx)
	if err != nil || found == nil || found.Rule != f.Rule {
		return errors.Join(err, t.keep(rec, cell, f))
	}
	found.Shrunk = true
	return t.keep(least, cell, found)
}

// exploring returns the exploration of another recording.
func (t *Tier) exploring(x disk.Exploration, rec *disk.Recording) (disk.Exploration, error) {
	judge, err := t.judges(rec)
	x.LogFile, x.Log, x.Judge = rec.LogFile(), rec.Log, judge
	return x, err
}

// shows says whether an exploration like x of another recording finds the rule broken.
func (t *Tier) shows(ctx context.Context, x disk.Exploration, rec *disk.Recording, rule oracle.Rule) bool {
	x, err := t.exploring(x, rec)
	if err != nil {
		return false
	}
	broken, err := x.Breaks(ctx)
	return err == nil && broken == rule
}

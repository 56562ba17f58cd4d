package filestier

import (
	"context"

	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// Bounds of recording the reopenings of a program, for each recording and profile.
const (
	reopenings   = 6
	reopenStates = 100 // of each
)

// again records how the subject opens some stores that a crash left, and explores that.
func (t *Tier) again(ctx context.Context, x *files.Exploration, rec *files.Recording, cell *rundir.Cell) error {
	crashes, err := x.Draw(reopenings)
	if err != nil {
		return err
	}
	for _, c := range crashes {
		next := t.newRecording()
		next.Program = rec.Program
		run := &subject.Run{}
		source := files.Source{Fill: c.Fill, Marks: c.Marks, Workload: disk.OwnReopen(rec.Program, c.Acked, run)}
		if err := t.keepRecording(ctx, source, next); err != nil {
			return err
		}
		if run.Failed != nil {
			before := t.run.Found
			if err := t.died(next, cell, disk.RuleReopen, run); err != nil {
				return err
			}
			t.causes.Found += t.run.Found - before
		}
		y := *x
		y.Log, y.LogFile, y.Judge = next.Log, next.LogFile(), next.OwnJudge(t.stage)
		y.Depth, y.States, y.Findings = 2, reopenStates, t.wanted()
		if err := t.explore(ctx, &y, next, cell); err != nil || t.enough() {
			return err
		}
	}
	return nil
}

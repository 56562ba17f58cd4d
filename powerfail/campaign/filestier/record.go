package filestier

import (
	"context"
	"errors"
	"fmt"
	"os"

	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// own records a person's own program and explores the recordings.
func (t *Tier) own(ctx context.Context, cells []*rundir.Cell) error {
	var recordings []*files.Recording
	for range t.Recordings {
		rec, err := t.recorded(ctx, cells[0], func() (*files.Recording, error) { return t.record(ctx, cells[0]) })
		if err != nil {
			return err
		}
		recordings = append(recordings, rec)
	}
	return t.together(ctx, cells, recordings)
}

// record runs the workload once. A workload that fails is a finding of cell, unless a fault
// made it fail.
func (t *Tier) record(ctx context.Context, cell *rundir.Cell) (*files.Recording, error) {
	rec := t.newRecording()
	run := &subject.Run{}
	source := files.Source{Fault: t.Fault, Workload: disk.Own(t.Program, run)}
	if err := t.keepRecording(ctx, source, rec); err != nil {
		return nil, err
	}
	t.run.Line("recording %d: %d acknowledged in %.2f s, %d operations on files%s", t.number, len(run.Acks), run.Seconds, rec.Log.Operations(),
		map[bool]string{true: ", fault " + rec.Fault}[rec.Fault != ""])
	switch {
	case run.Failed == nil:
		return rec, nil
	case len(run.Acks) == 0 && rec.Log.Operations() == 0:
		return nil, campaign.Wrong("workload_cmd", "ended before it wrote or acknowledged anything: %s\n%s", run.Failed.How, run.Failed.Output)
	case run.Wrong(rec.Fault != "") == nil:
		t.run.Line("  the workload ended by the fault, as it may: %s", run.Failed.Headline())
		return rec, nil
	}
	// The finding does not count towards --findings, since the recording up to the
	// failure is explored.
	return rec, t.died(rec, cell, disk.RuleWorkload, run)
}

// died reports that the program failed by itself.
func (t *Tier) died(rec *files.Recording, cell *rundir.Cell, rule oracle.Rule, run *subject.Run) error {
	explore.Count(&cell.Violations, string(rule), 1)
	if !t.causes.Keep(string(rule)) {
		return nil
	}
	return t.write(rec, cell, rec.Died(rule, run))
}

// write reports a finding.
func (t *Tier) write(rec *files.Recording, cell *rundir.Cell, f *rundir.Finding) error {
	f.Key = cell.Key
	return errors.Join(rec.Explain(f), t.run.Report(*f))
}

func (t *Tier) newRecording() *files.Recording {
	t.number++
	return &files.Recording{Program: t.Program, Fault: t.Fault.String(), Dir: rundir.RecordingDir(t.run.Dir.Path(), t.number)}
}

// keepRecording records a source and writes the log to the directory of rec.
func (t *Tier) keepRecording(ctx context.Context, source files.Source, rec *files.Recording) error {
	if err := os.MkdirAll(rec.Dir, 0o755); err != nil {
		return err
	}
	source.Server, source.Watched = t.self.FuseFiles(), t.self.Watched()
	if err := files.Record(ctx, t.stage, source, rec.LogFile()); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return errors.Join(rec.Save(), rec.Load())
}

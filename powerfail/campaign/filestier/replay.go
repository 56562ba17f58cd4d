package filestier

import (
	"context"
	"errors"
	"path/filepath"

	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
)

// Replay implements [campaign.Replayer]. It checks the crash state of a finding again, from
// the log that is part of the finding. If the program failed without a crash, it runs the
// program again.
func (t *Tier) Replay(ctx context.Context, f *rundir.Finding) (found *rundir.Finding, counts explore.Counts, err error) {
	if err := files.Require(); err != nil {
		return nil, counts, err
	}
	if f.State == nil && f.Rule != oracle.RuleIsolation {
		return nil, counts, errors.New("the finding has no state directory, in which its operation log would lie")
	}
	if err := t.begin(); err != nil {
		return nil, counts, err
	}
	defer func() { err = errors.Join(err, t.stage.Close()) }()
	if f.Rule == oracle.RuleIsolation {
		return campaign.RunUnisolated(f, func(p *program.Program) error {
			rec := &files.Recording{Engine: f.Engine, Bug: f.Bug, Steps: p.String(), Dir: filepath.Join(t.stage.Dir, "again")}
			return t.recordInto(ctx, rec)
		})
	}
	dir := filepath.Join(t.stage.Dir, "finding")
	if err := f.State(dir); err != nil {
		return nil, counts, err
	}
	rec, died, err := files.Found(f, dir)
	if err != nil {
		return nil, counts, err
	}
	counts.Explored, counts.Distinct = 1, 1
	again := *f
	if died {
		log := filepath.Join(t.stage.Dir, "again.jsonl")
		failed, err := rec.RunAgain(ctx, t.stage, t.self.FuseFiles(), t.self.Watched(), f.Rule, log)
		if err != nil || failed == nil {
			return nil, counts, err
		}
		again.Detail, again.Output = failed.Headline(), failed.Output
		return &again, counts, nil
	}
	judge, err := t.judges(rec)
	if err != nil {
		return nil, counts, err
	}
	x := files.Exploration{Stage: t.stage, Log: rec.Log, LogFile: rec.LogFile(), Judge: judge}
	broken, err := x.Replay(ctx, f)
	if err != nil || broken == nil || broken.Rule != f.Rule {
		return nil, counts, err
	}
	again.Detail = broken.Detail
	return &again, counts, nil
}

package disk

import (
	"context"
	"os/exec"
	"strings"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/subject"
)

// Own is the workload of a person's own program. It stores in run how the program ended,
// which may be read only after the recording has ended.
func Own(p subject.Program, run *subject.Run) Workload {
	return func(ctx context.Context, at Place) error {
		r, err := at.program(p).RunWorkload(ctx, at.Dir, at.acknowledge)
		*run = *r
		return err
	}
}

// OwnReopen is the workload that reopens the store of a person's own program after a power cut.
// It knows what was acknowledged before the cut.
func OwnReopen(p subject.Program, acked []string, run *subject.Run) Workload {
	return func(ctx context.Context, at Place) error {
		r, err := at.program(p).RunReopen(ctx, at.Dir, acked, at.acknowledge)
		*run = *r
		return err
	}
}

// program returns a copy of own whose processes are those of the place.
func (p Place) program(own subject.Program) *subject.Program {
	own.Command, own.Started = p.command, p.Started
	return &own
}

// command returns a process of the workload.
func (p Place) command(ctx context.Context, argv ...string) *exec.Cmd {
	if p.Command != nil {
		return p.Command(ctx, argv...)
	}
	return p.Stage.command(ctx, argv...)
}

func (p Place) acknowledge(a subject.Ack) error { return p.Mark(ackPrefix + a.ID) }

// ownJudge asks the check command of a person's own program.
type ownJudge struct {
	program subject.Program
	acked   func(position int64) (ids []string)
	failed  *subject.Failure // the latest
}

// NewOwnJudge returns a judge that asks the program's check about each store, with
// the IDs that were acknowledged before the cut. If the program has a reopening, that
// runs first, and what it acknowledges must be found too.
func NewOwnJudge(stage *Stage, p subject.Program, l *blocklog.Log) Judge {
	return NewCommandJudge(stage, p, func(position int64) (ids []string) {
		for _, m := range l.Marks {
			if id, ok := strings.CutPrefix(m.Text, ackPrefix); ok && m.Position <= position {
				ids = append(ids, id)
			}
		}
		return ids
	})
}

// NewCommandJudge is NewOwnJudge for another kind of log: acked returns the IDs that
// were acknowledged by a position, in a new slice.
func NewCommandJudge(stage *Stage, p subject.Program, acked func(position int64) (ids []string)) Judge {
	p.Command = stage.command
	return &ownJudge{program: p, acked: acked}
}

// Judge implements [Judge].
func (j *ownJudge) Judge(ctx context.Context, dir string, position int64) (*oracle.Violation, error) {
	acked, rule := j.acked(position), RuleCheck
	failed, err := (*subject.Failure)(nil), error(nil)
	if j.program.Reopen != "" {
		var run *subject.Run
		if run, err = j.program.RunReopen(ctx, dir, acked, nil); err == nil && run.Failed != nil {
			rule, failed = RuleReopen, run.Failed
		}
		acked = append(acked, subject.IDs(run.Acks)...)
	}
	if failed == nil && err == nil {
		failed, err = j.program.RunCheck(ctx, dir, acked)
	}
	if failed == nil || err != nil {
		return nil, err
	}
	j.failed = failed
	return &oracle.Violation{Rule: rule, Detail: failed.Headline()}, nil
}

// Release implements [Judge]. It does nothing, as the command has ended.
func (j *ownJudge) Release() error { return nil }

// said returns the output of the last command that failed, if the judge runs commands.
func said(j Judge) string {
	if own, ok := j.(*ownJudge); ok && own.failed != nil {
		return own.failed.Output
	}
	return ""
}

package files

import (
	"context"

	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/subject"
)

// Rules of a person's own program.
const (
	RuleCheck    oracle.Rule = "check"    // its check command ends well
	RuleReopen   oracle.Rule = "reopen"   // its reopening ends well on what a crash left
	RuleWorkload oracle.Rule = "workload" // its workload ends well
)

// ownJudge asks the check command of a person's own program.
type ownJudge struct {
	program subject.Program
	acks    []Ack
	failed  *subject.Failure // the latest
}

// NewOwnJudge returns a judge that asks the program's check about each state, with
// the IDs that were acknowledged before the crash. If the program has a reopening,
// that runs first, and what it acknowledges must be found too.
func NewOwnJudge(stage *disk.Stage, p subject.Program, l *Log) disk.Judge {
	p.Command = stage.Command
	return &ownJudge{program: p, acks: l.Acks(len(l.Entries))}
}

// Judge implements [disk.Judge].
func (j *ownJudge) Judge(ctx context.Context, dir string, position int64) (*oracle.Violation, error) {
	acked := j.acked(position)
	if j.program.Reopen != "" {
		life, err := j.program.RunReopen(ctx, dir, acked, nil)
		if err != nil || life.Failed != nil {
			return j.violation(RuleReopen, life.Failed, err)
		}
		for _, a := range life.Acks {
			acked = append(acked, a.ID)
		}
	}
	failed, err := j.program.RunCheck(ctx, dir, acked)
	return j.violation(RuleCheck, failed, err)
}

func (j *ownJudge) violation(rule oracle.Rule, failed *subject.Failure, err error) (*oracle.Violation, error) {
	if failed == nil || err != nil {
		return nil, err
	}
	j.failed = failed
	return &oracle.Violation{Rule: rule, Detail: failed.Headline()}, nil
}

// Failure returns how the command failed that broke a rule last.
func (j *ownJudge) Failure() *subject.Failure { return j.failed }

func (j *ownJudge) acked(position int64) (ids []string) {
	for _, a := range j.acks {
		if int64(a.Position) <= position {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

// Release implements [disk.Judge]. The commands have ended, and hold nothing.
func (j *ownJudge) Release() error { return nil }

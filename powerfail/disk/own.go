package disk

import (
	"context"
	"strings"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/subject"
)

// ownJudge asks the check command of a person's own program.
type ownJudge struct {
	program subject.Program
	acks    []blocklog.Mark // in order of position
}

// NewOwnJudge returns a judge that asks the program's check about each store, with
// the IDs that were acknowledged before the cut.
func NewOwnJudge(stage *Stage, p subject.Program, l *blocklog.Log) Judge {
	p.Command = stage.command
	j := &ownJudge{program: p}
	for _, m := range l.Marks {
		if strings.HasPrefix(m.Text, ackPrefix) {
			j.acks = append(j.acks, m)
		}
	}
	return j
}

// Judge implements [Judge].
func (j *ownJudge) Judge(ctx context.Context, dir string, position int64) (*oracle.Violation, error) {
	failed, err := j.program.RunCheck(ctx, dir, j.acked(position))
	if failed == nil || err != nil {
		return nil, err
	}
	return &oracle.Violation{Rule: RuleCheck, Detail: failed.Headline()}, nil
}

// acked returns the IDs acknowledged by position.
func (j *ownJudge) acked(position int64) (ids []string) {
	for _, m := range j.acks {
		if m.Position <= position {
			ids = append(ids, strings.TrimPrefix(m.Text, ackPrefix))
		}
	}
	return ids
}

// Release implements [Judge]. The command has ended, and holds nothing.
func (j *ownJudge) Release() error { return nil }

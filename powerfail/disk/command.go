package disk

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/oracle"
)

// checkLimit is how long a store may take to be judged. One that takes longer
// hangs, which is a finding.
const checkLimit = time.Minute

// Exit statuses of sh for a command that was not run at all.
const (
	shellCannotRun = 126
	shellNotFound  = 127
)

// commandJudge asks a shell command of the user.
type commandJudge struct {
	stage   *Stage
	command string
	acks    []blocklog.Mark // in order of position
}

// NewCommandJudge returns a judge that runs a shell command for each store, with
// the directory as its last argument and the IDs that were acknowledged before
// the cut, one a line, on its standard input. Status 0 means that all is well;
// what it prints is part of the finding.
func NewCommandJudge(stage *Stage, command string, l *blocklog.Log) Judge {
	j := &commandJudge{stage: stage, command: command}
	for _, m := range l.Marks {
		if strings.HasPrefix(m.Text, ackPrefix) {
			j.acks = append(j.acks, m)
		}
	}
	return j
}

// Judge implements [Judge].
func (j *commandJudge) Judge(ctx context.Context, dir string, position int64) (*oracle.Violation, error) {
	limit, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	cmd := j.stage.command(limit, shell(j.command, dir)...)
	cmd.Stdin = strings.NewReader(j.acked(position))
	var said tail
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil:
		return nil, nil
	case limit.Err() != nil:
		return &oracle.Violation{Rule: RuleCheck, Detail: fmt.Sprintf("no verdict within %v: %s", checkLimit, said.String())}, nil
	case !errors.As(err, &exit):
		return nil, err
	case exit.ExitCode() == shellCannotRun || exit.ExitCode() == shellNotFound:
		return nil, fmt.Errorf("the check command %q can't be run: %s", j.command, said.String())
	}
	return &oracle.Violation{Rule: RuleCheck, Detail: fmt.Sprintf("%v: %s", err, said.String())}, nil
}

// acked returns the IDs acknowledged by position, one a line.
func (j *commandJudge) acked(position int64) string {
	var ids strings.Builder
	for _, m := range j.acks {
		if m.Position <= position {
			ids.WriteString(strings.TrimPrefix(m.Text, ackPrefix) + "\n")
		}
	}
	return ids.String()
}

// Release implements [Judge]. The command has ended, and holds nothing.
func (j *commandJudge) Release() error { return nil }

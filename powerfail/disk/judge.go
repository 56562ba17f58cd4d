package disk

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/subject"
)

// checkLimit is the time limit for judging a store of an engine. An engine that takes longer
// hangs, which is a finding.
const checkLimit = time.Minute

// ask is a request to the process of an engine's judge, one line of JSON.
type ask struct {
	Dir string     `json:"dir"`
	Cut oracle.Cut `json:"cut"`
}

// ServeJudge is the process that judges stores of one engine: it reads where a
// store is and which cut it went through, and prints the verdict, a line of JSON
// each, until in ends.
//
// It is a process of its own because engines are tried on what nobody promised
// them: one that crashes, hangs or forgets to close a file must not take the
// exploration with it.
func ServeJudge(x *oracle.Index, open func(dir string) (kv.Engine, error), in io.Reader, out io.Writer) error {
	c := x.NewChecker()
	asks, verdicts := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var a ask
		switch err := asks.Decode(&a); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		v := c.Check(func() (kv.Engine, error) { return open(a.Dir) }, a.Cut)
		if err := verdicts.Encode(v); err != nil {
			return err
		}
	}
}

// engineJudge asks a process of [ServeJudge], which it starts when needed.
type engineJudge struct {
	stage   *Stage
	argv    []string
	limit   time.Duration
	process *exec.Cmd // nil if none runs
	in      io.WriteCloser
	out     *bufio.Scanner
	trouble *subject.Tail
}

// NewEngineJudge returns a judge that asks a process of the command argv, which
// must call [ServeJudge].
func NewEngineJudge(stage *Stage, argv []string) Judge {
	return &engineJudge{stage: stage, argv: argv, limit: checkLimit}
}

// Judge implements [Judge].
func (j *engineJudge) Judge(ctx context.Context, dir string, position int64) (*oracle.Violation, error) {
	if err := j.start(); err != nil {
		return nil, err
	}
	limit, cancel := context.WithTimeout(ctx, j.limit)
	defer cancel()
	process := j.process
	stop := context.AfterFunc(limit, func() { _ = process.Cancel() })
	line, err := json.Marshal(ask{dir, oracle.Cut{Position: position, Kind: oracle.PowerOff}})
	if err != nil {
		return nil, err
	}
	_, _ = j.in.Write(append(line, '\n')) // a process that is gone gives no answer
	answered := j.out.Scan()
	if killed := !stop(); killed || !answered {
		return j.explain(ctx, limit)
	}
	var v oracle.Verdict
	if err := json.Unmarshal(j.out.Bytes(), &v); err != nil {
		return nil, fmt.Errorf("verdict %q: %w", j.out.Text(), err)
	}
	return v.Broken, nil
}

// explain says why there is no answer, and forgets the process.
func (j *engineJudge) explain(ctx, limit context.Context) (*oracle.Violation, error) {
	_ = j.process.Cancel() // it may have closed its output and live on
	status := j.process.Wait()
	j.process = nil
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limit.Err() != nil:
		return &oracle.Violation{Rule: oracle.RuleOpen, Detail: fmt.Sprintf("no verdict within %v", j.limit)}, nil
	}
	return &oracle.Violation{Rule: oracle.RuleOpen, Detail: fmt.Sprintf("the process ended (%v): %s", status, j.trouble.String())}, nil
}

// start starts the process unless it runs.
func (j *engineJudge) start() (err error) {
	if j.process != nil {
		return nil
	}
	cmd := j.stage.command(context.Background(), j.argv...)
	j.trouble = new(subject.Tail)
	cmd.Stderr = j.trouble
	if j.in, err = cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	j.out = bufio.NewScanner(out)
	if err := cmd.Start(); err != nil {
		return err
	}
	j.process = cmd
	return nil
}

// Release implements [Judge]: it ends the process.
func (j *engineJudge) Release() error {
	if j.process == nil {
		return nil
	}
	_ = j.process.Cancel()
	var exit *exec.ExitError
	if err := j.process.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	j.process = nil
	return nil
}

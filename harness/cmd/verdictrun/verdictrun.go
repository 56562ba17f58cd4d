// Package verdictrun makes a verdict on engines as a command does it: it runs races, crash
// tests and a probe of isolation one after the other, each in a folder of its own and by the
// packages that make such runs anyway, or takes runs that are there, and draws the page.
//
// Each run keeps a journal of its own, but for the probe of isolation, which is short and
// begins anew. So a verdict that was cut goes on where it was.
package verdictrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"lsmlab/harness"
	"lsmlab/harness/cmd/outdir"
	"lsmlab/harness/human"
	"lsmlab/harness/journal"
	"lsmlab/harness/result"
	"lsmlab/harness/verdict"
)

// Request is what is asked for: see the flags of `lsmlab verdict`.
type Request struct {
	Catalog        harness.Catalog
	Engines        []string // names; empty: all
	Quick          bool
	Out            outdir.Flags
	DataDir        string // where stores of races are made; "": in the directory of each race
	Again          string // the line that repeats the verdict, but for its directory
	Stdout, Stderr io.Writer

	command []string // that serves a cell
	size    size
}

// Run makes the runs that are missing and draws the page. Its error is [harness.ErrFinding] if
// an engine breaks a promise or a run failed, [harness.ErrInterrupted] if ctx ended, or what is
// wrong with the request or the environment.
func (r *Request) Run(ctx context.Context) (err error) {
	parts, err := r.prepare()
	if err != nil {
		return err
	}
	j, err := verdict.Files.Open(r.Out.Dir, r.Out.Dir, r.plan(parts), r.Out.Resume)
	if err != nil {
		return &harness.UsageError{Text: err.Error(), Err: err}
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	for _, w := range j.Warnings {
		fmt.Fprintf(r.Stderr, "warning: %s\n", w)
	}
	return r.Out.Draw(r.Stdout, r.all(ctx, j, parts))
}

// prepare checks the request, and returns the parts with what runs them.
func (r *Request) prepare() ([]part, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	r.command, r.size = []string{self, "cell"}, sizes[verdict.Full]
	if r.Quick {
		r.size = sizes[verdict.Quick]
	}
	if r.Engines, err = r.Catalog.Expand(r.Engines); err != nil {
		return nil, &harness.UsageError{Text: "--engines: " + err.Error(), Err: err}
	}
	if err := r.Out.Choose("verdict"); err != nil {
		return nil, err
	}
	return r.parts()
}

func (r *Request) plan(parts []part) verdict.Plan {
	p := verdict.Plan{Engines: r.Engines, Size: verdict.Full, Command: r.repeats()}
	if r.Quick {
		p.Size = verdict.Quick
	}
	for _, one := range parts {
		p.Parts = append(p.Parts, one.Part)
	}
	return p
}

// all runs the parts that have not ended well.
func (r *Request) all(ctx context.Context, j *journal.Journal[verdict.Done], parts []part) error {
	var findings []string
	var broken error
	for i, p := range parts {
		if j.Done(p.Dir) {
			if line, _ := j.Last(p.Dir); line.Finding {
				findings = append(findings, p.Dir)
			}
			continue
		}
		fmt.Fprintf(r.Stdout, "run %d of %d: %s\n", i+1, len(parts), p.Dir)
		err := p.run(ctx)
		if ctx.Err() != nil {
			fmt.Fprintf(r.Stderr, "interrupted: go on with: %s\n", journal.ResumeCommand(r.repeats()))
			return harness.ErrInterrupted
		}
		line := ended(p, err)
		switch {
		case line.Finding:
			findings = append(findings, p.Dir)
		case line.Status == result.StatusFailed:
			broken = errors.Join(broken, fmt.Errorf("%s: %w", p.Dir, err))
		}
		if err := j.Append(line); err != nil {
			return err
		}
	}
	if len(findings) > 0 {
		return fmt.Errorf("%w: see %s", harness.ErrFinding, strings.Join(findings, ", "))
	}
	if broken != nil {
		return fmt.Errorf("%w: runs could not be made, and --resume makes them again: %w", harness.ErrFinding, broken)
	}
	return nil
}

// ended returns the line of a part. A finding of a crash test or of a probe is its result; a
// cell of a race that failed is to be run again.
func ended(p part, err error) verdict.Done {
	line := verdict.Done{Dir: p.Dir, Status: result.StatusOK}
	switch {
	case err == nil:
	case errors.Is(err, errUnsupported):
		line.Status, line.Error = result.StatusUnsupported, strings.TrimPrefix(err.Error(), errUnsupported.Error()+": ")
	case errors.Is(err, harness.ErrFinding) && p.Kind != verdict.Race:
		line.Finding = true
	default:
		line.Status, line.Error = result.StatusFailed, human.OneLine(err.Error())
	}
	return line
}

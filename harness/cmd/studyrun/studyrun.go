// Package studyrun is a run of studies as a command does it: it finds them by name, keeps
// the directory, prints the verdicts and draws the page. What is measured is told by a
// [study.Study], and a [conduct.Conductor] measures it.
package studyrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"lsmlab/engines/nearest"
	"lsmlab/harness"
	"lsmlab/harness/cmd/outdir"
	"lsmlab/harness/human"
	"lsmlab/harness/studies"
	"lsmlab/harness/study"
	"lsmlab/harness/study/conduct"
)

// all stands for every study.
const all = "all"

// Request is what is asked for: see the flags of `lsmlab study`.
type Request struct {
	Catalog        harness.Catalog
	Name           string // of a study, or all
	Size           string
	Rounds         int // in place of those of the plans; 0: theirs
	Out            outdir.Flags
	DataDir        string // where stores are made; "": in the directory of each part
	Again          string // the line that repeats the run, but for its directory
	Stdout, Stderr io.Writer
}

// Run measures, prints the verdicts and draws the page. Its error is that of
// [conduct.Conductor.Run].
func (r *Request) Run(ctx context.Context) error {
	if err := r.Out.Choose("study-" + r.Name); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	k := conduct.Conductor{
		Catalog: r.Catalog, DataDir: r.DataDir, Resume: r.Out.Resume, Command: []string{self, "cell"}, Stdout: r.Stdout, Stderr: r.Stderr,
		Again: r.Again + " --out " + human.ShellWord(r.Out.Dir),
	}
	chosen, err := r.choose(k)
	if err != nil {
		return err
	}
	var verdicts []study.Verdict
	if r.Name == all {
		verdicts, err = k.RunAll(ctx, study.Size(r.Size), chosen, r.Out.Dir)
	} else {
		verdicts, err = k.Run(ctx, chosen[0], r.Out.Dir)
	}
	if len(verdicts) > 0 {
		err = errors.Join(err, conduct.Print(r.Stdout, verdicts))
	}
	return r.Out.Draw(r.Stdout, err)
}

// choose returns the studies that are asked for, in their size, checked.
func (r *Request) choose(k conduct.Conductor) (chosen []study.Study, err error) {
	var names []string
	for _, s := range studies.All() {
		names = append(names, s.Name)
		if r.Name != all && s.Name != r.Name {
			continue
		}
		if s, err = s.Sized(study.Size(r.Size)); err != nil {
			return nil, &harness.UsageError{Text: "--size: " + err.Error(), Err: err}
		}
		for i := range s.Parts {
			if r.Rounds != 0 {
				s.Parts[i].Plan.Rounds = r.Rounds
			}
		}
		if err := k.Check(&s); err != nil {
			return nil, err
		}
		chosen = append(chosen, s)
	}
	if len(chosen) == 0 {
		return nil, &harness.UsageError{Text: strings.TrimSpace(nearest.Unknown("study", r.Name, append(names, all)).Error())}
	}
	return chosen, nil
}

// Package conduct runs studies: their parts, one race after the other, and then their
// verdicts.
package conduct

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"lsmlab/harness"
	"lsmlab/harness/study"
)

// Conductor runs studies into directories.
type Conductor struct {
	Catalog harness.Catalog
	DataDir string   // where stores are made; empty: in the part's directory
	Resume  bool     // directories may hold a part of the same study
	Command []string // that serves a cell, see [harness.ServeCell]
	Stdout  io.Writer
	Stderr  io.Writer
	Again   string // command line that repeats the run, for env.json and advice
}

// Check fills in what the plans of a sized study leave open and refuses plans that cannot
// be run.
func (c Conductor) Check(s *study.Study) error {
	for i := range s.Parts {
		if err := harness.CheckPlan(c.Catalog, &s.Parts[i].Plan); err != nil {
			return fmt.Errorf("study %s, part %s: %w", s.Name, s.Parts[i].Name, err)
		}
	}
	return nil
}

// Run runs the cells of a checked study that are missing in a directory, writes the
// verdicts and returns them. Its error is that of [harness.Runner]: after ErrFinding, which
// says that a cell failed, the verdicts are there all the same.
func (c Conductor) Run(ctx context.Context, s study.Study, dir string) ([]study.Verdict, error) {
	j, err := study.Kind.Open(dir, dir, s, c.Resume)
	if err != nil {
		return nil, err
	}
	defer func() { _ = j.Close() }() // every line was synced
	var failed error
	for i, p := range s.Parts {
		fmt.Fprintf(c.Stdout, "study %s, part %s (%d of %d)\n", s.Name, p.Name, i+1, len(s.Parts))
		err := c.part(p, dir).Run(ctx)
		if err != nil && !errors.Is(err, harness.ErrFinding) {
			return nil, err
		}
		failed = errors.Join(failed, err)
	}
	cells, err := study.Cells(dir, s)
	if err != nil {
		return nil, err
	}
	verdicts := study.Evaluate(s, cells)
	for _, v := range verdicts {
		if err := j.Append(v); err != nil {
			return nil, err
		}
	}
	return verdicts, failed
}

// part returns the runner of a part. A part that was begun goes on: that it may is checked
// for the whole study.
func (c Conductor) part(p study.Part, dir string) *harness.Runner {
	_, err := os.Stat(filepath.Join(p.Dir(dir), "plan.json"))
	return &harness.Runner{
		Catalog: c.Catalog, Plan: p.Plan, Dir: p.Dir(dir), DataDir: c.DataDir, Resume: err == nil,
		Command: c.Command, Stdout: c.Stdout, Stderr: c.Stderr, Again: c.Again,
	}
}

// RunAll runs checked studies one after the other, each into a folder of its name in a
// directory, and returns the verdicts of those that were run. What [Conductor.Run] says of
// errors holds.
func (c Conductor) RunAll(ctx context.Context, size study.Size, all []study.Study, dir string) (verdicts []study.Verdict, err error) {
	set := study.Set{Size: size}
	for _, s := range all {
		set.Studies = append(set.Studies, s.Name)
	}
	j, err := study.SetKind.Open(dir, dir, set, c.Resume)
	if err != nil {
		return nil, err
	}
	defer func() { _ = j.Close() }() // every line was synced
	var failed error
	for _, s := range all {
		v, err := c.Run(ctx, s, filepath.Join(dir, s.Name))
		if err != nil && !errors.Is(err, harness.ErrFinding) {
			return verdicts, err
		}
		failed = errors.Join(failed, err)
		for _, one := range v {
			if err := j.Append(one); err != nil {
				return verdicts, err
			}
		}
		verdicts = append(verdicts, v...)
	}
	return verdicts, failed
}

// Print writes verdicts for a terminal.
func Print(w io.Writer, verdicts []study.Verdict) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.ToUpper(strings.Join(study.Head, "\t")))
	for _, v := range verdicts {
		fmt.Fprintln(t, strings.Join(v.Fields(), "\t"))
	}
	return t.Flush()
}

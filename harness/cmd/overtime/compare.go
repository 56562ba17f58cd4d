package overtime

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"lsmlab/harness"
	"lsmlab/harness/compare"
)

// Comparison is what `lsmlab compare` is asked for.
type Comparison struct {
	Baseline       string          // of one run: the engine that is 1; empty is the first of its plan
	Threshold      float64         // least change that is a regression, a share in [0, 1)
	Show           func(any) error // of the figures; nil prints text to Stdout
	Stdout, Stderr io.Writer
}

// Run compares the engines of one run, two runs, or says where the figures of more
// change. It returns harness.ErrFinding if a figure that decides is worse by more than
// the threshold in the second of two runs, or since its last change.
func (c Comparison) Run(dirs []string) error {
	switch {
	case c.Threshold < 0 || c.Threshold >= 1:
		return &harness.UsageError{Text: fmt.Sprintf("--threshold is %v: want a share in [0, 1)", c.Threshold)}
	case len(dirs) > 1 && c.Baseline != "":
		return &harness.UsageError{Text: fmt.Sprintf("--baseline: compares engines of one run, %d were given", len(dirs))}
	case len(dirs) > 2:
		return c.changes(dirs)
	}
	r, warnings, err := compare.Dirs(dirs, c.Baseline, c.Threshold)
	for _, w := range warnings {
		fmt.Fprintf(c.Stderr, "warning: %s\n", w)
	}
	if unknown := (*compare.BaselineError)(nil); errors.As(err, &unknown) && c.Baseline != "" {
		return &harness.UsageError{Text: "--" + err.Error(), Err: err}
	} else if err != nil {
		return err
	}
	if err := c.show(r, r.Print); err != nil {
		return err
	}
	if len(dirs) == 2 && r.Worse > 0 {
		return fmt.Errorf("%w: %d of %d comparisons are worse by more than %.0f%%", harness.ErrFinding, r.Worse, len(r.Rows), 100*c.Threshold)
	}
	return nil
}

// changes shows where the figures of runs change, and refuses runs that are not
// comparable.
func (c Comparison) changes(dirs []string) error {
	h, err := read(dirs, "", c.Stderr)
	if err != nil {
		return err
	}
	g, err := h.Single()
	if err != nil {
		return err
	}
	if err := c.show(g, h.Print); err != nil {
		return err
	}
	if worse := g.Regressions(c.Threshold); len(worse) > 0 {
		return fmt.Errorf("%w: worse by more than %.0f%%: %s", harness.ErrFinding, 100*c.Threshold, strings.Join(worse, "; "))
	}
	return nil
}

func (c Comparison) show(figures any, text func(io.Writer) error) error {
	if c.Show != nil {
		return c.Show(figures)
	}
	return text(c.Stdout)
}

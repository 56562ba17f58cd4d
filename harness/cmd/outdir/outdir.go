// Package outdir is the directory that a command keeps its run in: where it is, whether a
// run in it goes on, and the page that is drawn there in the end.
package outdir

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"lsmlab/harness"
	"lsmlab/reports"
)

// Flags are the flags of a command that measures.
type Flags struct {
	Dir      string
	Resume   bool // Dir may hold a part of the same run
	noReport bool
}

// Add adds the flags to fs. What is kept is a word such as "run"; name is how its default
// directory begins, as help texts say it.
func (f *Flags) Add(fs *pflag.FlagSet, what, name string) {
	fs.StringVar(&f.Dir, "out", "", fmt.Sprintf("`DIR` of the %s (default results/%s-TIME)", what, name))
	fs.BoolVar(&f.Resume, "resume", false, fmt.Sprintf("go on with the %s in --out, if there is one", what))
	fs.BoolVar(&f.noReport, "no-report", false, "do not draw DIR/index.html at the end; lsmlab report draws it later")
}

// Choose sets Dir to a new directory below results that is named after what is run, unless
// it was given. A run that goes on must be given.
func (f *Flags) Choose(name string) error {
	if f.Dir == "" && f.Resume {
		return &harness.UsageError{Text: "--resume: say which run with --out DIR"}
	}
	f.Dir = cmp.Or(f.Dir, filepath.Join("results", name+"-"+time.Now().Format("20060102-150405")))
	return nil
}

// Draw is the last act of a command that measured: it draws the page of a run that was
// done or interrupted, and prints where it is. It returns runErr, the error of the run,
// and what went wrong with the page.
func (f *Flags) Draw(stdout io.Writer, runErr error) error {
	if f.noReport {
		return runErr
	}
	if runErr != nil && !errors.Is(runErr, harness.ErrFinding) && !errors.Is(runErr, harness.ErrInterrupted) {
		return runErr // nothing was run, or the environment is broken
	}
	index, err := reports.Render(f.Dir, reports.Options{})
	if err != nil {
		return errors.Join(runErr, err)
	}
	fmt.Fprintln(stdout, index)
	return runErr
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lsmlab/harness"
	"lsmlab/harness/target"
	"lsmlab/reports"
)

func (a *app) reportCommand() *cobra.Command {
	var o reports.Options
	c := &cobra.Command{
		Use:   "report DIR",
		Short: "Draw the charts and the page of a run again, from its raw results alone",
		Long: `Draws DIR/charts/*.svg and *.png and the self-contained page DIR/index.html from the raw results
in DIR alone, and prints which targets of its plan are met. The same results give the same files. A
run that was cut is drawn as far as it got, and its page says what is missing.`,
		Example: "  lsmlab report results/quick\n  lsmlab report results/quick --baseline bbolt",
		Args:    oneArg("one run directory"),
		RunE: func(_ *cobra.Command, args []string) error {
			index, err := reports.Render(args[0], o)
			if err != nil {
				return &harness.UsageError{Text: err.Error()}
			}
			if reports.KindOf(args[0]) == reports.Race { // the other kinds have no targets
				if err := target.PrintRun(a.stdout, args[0]); err != nil {
					return err
				}
			}
			fmt.Fprintln(a.stdout, index)
			return nil
		},
	}
	c.Flags().StringVar(&o.Baseline, "baseline", "", "`NAME` of the engine that is 1 (default: pebble, else a public skiplist, else the plan's first)")
	return c
}

// drawPage is the last act of a command that measured: it draws the page of a run that
// was done or interrupted, and prints where it is. It returns runErr, the error of the
// run, and what went wrong with the page.
func (a *app) drawPage(dir string, runErr error) error {
	if runErr != nil && !errors.Is(runErr, harness.ErrFinding) && !errors.Is(runErr, harness.ErrInterrupted) {
		return runErr // nothing was run, or the environment is broken
	}
	index, err := reports.Render(dir, reports.Options{})
	if err != nil {
		return errors.Join(runErr, err)
	}
	fmt.Fprintln(a.stdout, index)
	return runErr
}

// noReportFlag adds the flag that leaves the page out.
func noReportFlag(fs *pflag.FlagSet, noReport *bool) {
	fs.BoolVar(noReport, "no-report", false, "do not draw DIR/index.html at the end; lsmlab report draws it later")
}

// runDir returns the directory of a run: out, or a new one below results that is named
// after what is run. A run that goes on must be told.
func runDir(out, name string, resume bool) (string, error) {
	if out == "" && resume {
		return "", &harness.UsageError{Text: "--resume: say which run with --out DIR"}
	}
	return cmp.Or(out, filepath.Join("results", name+"-"+time.Now().Format("20060102-150405"))), nil
}

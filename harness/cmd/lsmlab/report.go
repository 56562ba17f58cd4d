package main

import (
	"fmt"

	"github.com/spf13/cobra"

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
				return &harness.UsageError{Text: err.Error(), Err: err}
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

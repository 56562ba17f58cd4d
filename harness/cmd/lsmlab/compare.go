package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/harness/compare"
)

func (a *app) compareCommand() *cobra.Command {
	var asJSON bool
	var baseline string
	var threshold float64
	c := &cobra.Command{
		Use:   "compare DIR_A [DIR_B]",
		Short: "Ratios of two runs, or of the engines of one, with confidence intervals",
		Long: `With two run directories: B over A for every engine and workload that both have. With one: its
engines over a baseline engine.

A ratio is that of geometric means, with Student's t interval on the logarithms at 95%. Engines of
one run are compared within its rounds; two runs ran at different times, so all rounds of one are
held against all of the other (Welch). RESOLUTION is the smallest ratio that these rounds could
have shown with a probability of 80%. A difference counts if p, by Holm's correction for all
comparisons, is under 0.05 and the ratio is at least the resolution; that takes three rounds a
side. It asks more than the test alone: of true differences of just the resolution, about half
count. Throughput decides in a closed loop, p99 from the intended start with --rate. Figures of
different durability are never compared.

Exit status with two runs: 1 if a deciding figure is significantly worse by more than --threshold,
else 0. Engines of one run are no regressions of each other: 0.`,
		Example: `  lsmlab compare results/before results/after
  lsmlab compare results/quick --baseline pebble`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return fmt.Errorf("compare: %d directories given: want one run, or two", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if threshold < 0 || threshold >= 1 {
				return &harness.UsageError{Text: fmt.Sprintf("--threshold is %v: want a share in [0, 1)", threshold)}
			}
			if len(args) == 2 && baseline != "" {
				return &harness.UsageError{Text: "--baseline: compares engines of one run, two were given"}
			}
			c, warnings, err := compare.Dirs(args, baseline, threshold)
			for _, w := range warnings {
				fmt.Fprintf(a.stderr, "warning: %s\n", w)
			}
			if unknown := (*compare.BaselineError)(nil); errors.As(err, &unknown) && baseline != "" {
				return &harness.UsageError{Text: "--" + err.Error(), Err: err}
			} else if err != nil {
				return err
			}
			show := c.Print
			if asJSON {
				show = func(io.Writer) error { return a.printJSON(c) }
			}
			if err := show(a.stdout); err != nil {
				return err
			}
			if len(args) == 2 && c.Worse > 0 {
				return fmt.Errorf("%w: %d of %d comparisons are worse by more than %.0f%%", harness.ErrFinding, c.Worse, len(c.Rows), 100*threshold)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&baseline, "baseline", "", "with one run: `NAME` of the engine that is 1 (default: the first of its plan)")
	c.Flags().Float64Var(&threshold, "threshold", 0.05, "least change, as a share, that is a regression")
	return c
}

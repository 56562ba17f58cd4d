package main

import (
	"github.com/spf13/cobra"

	"lsmlab/harness/cmd/overtime"
)

func (a *app) compareCommand() *cobra.Command {
	var asJSON bool
	r := overtime.Comparison{Stdout: a.stdout, Stderr: a.stderr}
	c := &cobra.Command{
		Use:   "compare DIR_A [DIR_B [DIR..]]",
		Short: "Ratios of two runs, or of the engines of one, or changes of many",
		Long: `With two run directories: B over A for every engine and workload that both have. With one: its
engines over a baseline engine. With more: the places in their order, by commit or date, at which
a figure changes, and the commit of each; see the command history, which draws them.

A ratio is that of geometric means, with Student's t interval on the logarithms at 95%. Engines of
one run are compared within its rounds; two runs ran at different times, so all rounds of one are
held against all of the other (Welch). RESOLUTION is the smallest ratio that these rounds could
have shown with a probability of 80%. A difference counts if p, by Holm's correction for all
comparisons, is under 0.05 and the ratio is at least the resolution; that takes three rounds a
side. It asks more than the test alone: of true differences of just the resolution, about half
count. Throughput decides in a closed loop, p99 from the intended start with --rate. Figures of
different durability are never compared.

Exit status with two runs: 1 if a deciding figure is significantly worse by more than --threshold,
else 0; with more: 1 if the last change that is shown of a deciding figure is. Engines of one run are
no regressions of each other: 0.`,
		Example: `  lsmlab compare results/before results/after
  lsmlab compare results/quick --baseline pebble`,
		Args: someArgs("the directory of one run, of two, or of more"),
		RunE: func(_ *cobra.Command, dirs []string) error {
			if asJSON {
				r.Show = a.printJSON
			}
			return r.Run(dirs)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&r.Baseline, "baseline", "", "with one run: `NAME` of the engine that is 1 (default: the first of its plan)")
	c.Flags().Float64Var(&r.Threshold, "threshold", 0.05, "least change, as a share, that is a regression")
	return c
}

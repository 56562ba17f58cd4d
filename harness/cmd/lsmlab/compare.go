package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/harness/compare"
	"lsmlab/harness/result"
	"lsmlab/harness/stat"
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

A ratio is that of the medians over rounds. Its 95% interval is Welch's on the logarithms. A
difference is significant if the Mann-Whitney U test gives p < 0.05 and the interval leaves out 1;
that takes four rounds a side. Throughput decides in a closed loop, p99 from the intended start with
--rate. Figures of different durability are never compared.

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
			c, err := a.compare(args, baseline, threshold)
			if err != nil {
				return err
			}
			if err := a.printComparison(c, asJSON); err != nil {
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

func (a *app) compare(dirs []string, baseline string, threshold float64) (compare.Comparison, error) {
	runs := make([]result.Run, len(dirs))
	for i, d := range dirs {
		var err error
		if runs[i], err = result.ReadRun(d); err != nil {
			return compare.Comparison{}, err
		}
		for _, w := range runs[i].Warnings {
			fmt.Fprintf(a.stderr, "warning: %s\n", w)
		}
	}
	if len(runs) == 2 {
		if baseline != "" {
			return compare.Comparison{}, &harness.UsageError{Text: "--baseline: compares engines of one run, two were given"}
		}
		return compare.Runs(runs[0], runs[1], threshold)
	}
	if baseline == "" && len(runs[0].Plan.Engines) > 0 {
		baseline = runs[0].Plan.Engines[0]
	}
	return compare.Engines(runs[0], baseline, threshold)
}

func (a *app) printComparison(c compare.Comparison, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		return e.Encode(c)
	}
	fmt.Fprintf(a.stdout, "A = %s\nB = %s\n\n", c.A, c.B)
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	var w io.Writer = table
	fmt.Fprintln(w, "WORKLOAD\tDURABILITY\tT\tENGINE\tFIGURE\tA\tB\tB/A\t95% INTERVAL\tP\tN\t")
	for _, row := range c.Rows {
		for i, r := range row.Ratios {
			if i == 0 {
				fmt.Fprintf(w, "%s\t%s\t%d\t%s\t", row.Workload, row.Durability, row.Threads, row.Engine)
			} else {
				fmt.Fprint(w, "\t\t\t\t")
			}
			fmt.Fprintln(w, ratioColumns(r))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\nN rounds a side. better, worse: p < %.2f and the interval leaves out 1; ~: no difference shown; too few: under %d rounds.\n", stat.Alpha, stat.MinRounds)
	if c.Expected >= 0.5 {
		fmt.Fprintf(a.stdout, "Of %d comparisons about %.0f come out significant by chance.\n", len(c.Rows), c.Expected)
	}
	for _, n := range c.Notes {
		fmt.Fprintf(a.stdout, "note: %s\n", n)
	}
	return nil
}

func ratioColumns(r compare.Ratio) string {
	interval := "-"
	if r.Lo != 0 {
		interval = fmt.Sprintf("%.3f-%.3f", r.Lo, r.Hi)
	}
	return strings.Join([]string{
		r.Figure, fmt.Sprintf("%.0f", r.A.Median), fmt.Sprintf("%.0f", r.B.Median), fmt.Sprintf("%.3f", r.Ratio),
		interval, fmt.Sprintf("%.3f", r.P), fmt.Sprintf("%d+%d", r.A.N, r.B.N), r.Verdict,
	}, "\t")
}

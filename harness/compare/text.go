package compare

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"lsmlab/harness/stat"
)

// Print prints a comparison for people.
func (c Comparison) Print(out io.Writer) error {
	fmt.Fprintf(out, "A = %s\nB = %s\n\n", c.A, c.B)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
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
	fmt.Fprintf(out, "\nN rounds a side. better, worse: p < %.2f and the interval leaves out 1; ~: no difference shown; too few: under %d rounds.\n", stat.Alpha, stat.MinRounds)
	if c.Expected >= 0.5 {
		fmt.Fprintf(out, "Of %d comparisons about %.0f come out significant by chance.\n", len(c.Rows), c.Expected)
	}
	for _, n := range c.Notes {
		fmt.Fprintf(out, "note: %s\n", n)
	}
	return nil
}

func ratioColumns(r Ratio) string {
	interval := "-"
	if r.Lo != 0 {
		interval = fmt.Sprintf("%.3f-%.3f", r.Lo, r.Hi)
	}
	return strings.Join([]string{
		r.Figure, fmt.Sprintf("%.0f", r.A.Median), fmt.Sprintf("%.0f", r.B.Median), fmt.Sprintf("%.3f", r.Ratio),
		interval, fmt.Sprintf("%.3f", r.P), fmt.Sprintf("%d+%d", r.A.N, r.B.N), r.Verdict,
	}, "\t")
}

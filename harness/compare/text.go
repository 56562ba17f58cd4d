package compare

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
)

// Print prints a comparison for people.
func (c Comparison) Print(out io.Writer) error {
	fmt.Fprintf(out, "A = %s\nB = %s\n\n", c.A, c.B)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var w io.Writer = table
	fmt.Fprintln(w, "WORKLOAD\tDURABILITY\tT\tENGINE\tFIGURE\tA\tB\tB/A\t95% INTERVAL\tRESOLUTION\tP\tADJUSTED\tN\t")
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
	fmt.Fprintf(out, "\nB/A: ratio of geometric means%s. N rounds a side. RESOLUTION: the smallest ratio that these rounds could have shown, with a probability of %.0f%%.\n",
		c.pairing(), 100*stat.Power)
	fmt.Fprintf(out, "better, worse: ADJUSTED < %.2f (Holm's correction for %d comparisons) and B/A is at least RESOLUTION; else not resolved; too few: under %d rounds.\n",
		stat.Alpha, len(c.Rows)-c.controls(), stat.MinRounds)
	if n := c.controls(); n > 0 {
		fmt.Fprintf(out, "The %d comparisons of an engine with its %s are a control: they show no difference, but for one run in twenty.\n", n, result.Again)
	}
	for _, n := range c.Notes {
		fmt.Fprintf(out, "note: %s\n", n)
	}
	return nil
}

// controls counts the comparisons of a control with the engine that it repeats.
func (c Comparison) controls() (n int) {
	for _, row := range c.Rows {
		if row.control() {
			n++
		}
	}
	return n
}

// pText writes a P, which is never quite 0.
func pText(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

// pairing says whether rounds were compared with each other.
func (c Comparison) pairing() string {
	for _, row := range c.Rows {
		if row.Ratios[0].Paired {
			return " within rounds"
		}
	}
	return " of all rounds"
}

func ratioColumns(r *Ratio) string {
	interval, resolution, verdict := "-", "-", r.Verdict
	if r.Lo != 0 {
		interval, resolution = fmt.Sprintf("%.3f-%.3f", r.Lo, r.Hi), fmt.Sprintf("%.3f", r.Resolution)
	}
	if verdict == NoVerdict {
		verdict = "not resolved"
	}
	return strings.Join([]string{
		r.Figure, fmt.Sprintf("%.0f", r.A.Median), fmt.Sprintf("%.0f", r.B.Median), fmt.Sprintf("%.3f", r.Ratio),
		interval, resolution, pText(r.P), pText(r.PAdjusted), fmt.Sprintf("%d+%d", r.A.N, r.B.N), verdict,
	}, "\t")
}

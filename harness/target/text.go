package target

import (
	"fmt"
	"io"
	"text/tabwriter"

	"lsmlab/harness/result"
)

// Fields returns a row as text, in the order of [Head]. Values have four digits and the
// unit of the line's figure.
func (r Row) Fields() []string {
	fields := []string{r.Name, r.Own, "-", r.Peer, "-", "-", "-", "", r.Verdict}
	if r.Own != "" {
		fields[2] = fmt.Sprintf("%.4g", r.OwnSummary.Median)
	}
	if r.Most > 0 {
		fields[7] = fmt.Sprintf("at most %.4g", r.Most)
		return fields
	}
	fields[7] = fmt.Sprintf("%.1f", r.Ratio)
	if r.Peer != "" {
		fields[4] = fmt.Sprintf("%.4g", r.PeerSummary.Median)
	}
	if r.Own != "" && r.Better.OK() {
		fields[5] = fmt.Sprintf("%.2f", r.Better.Value)
		if r.OwnSummary.N() > 1 && r.PeerSummary.N() > 1 {
			fields[6] = fmt.Sprintf("%.2f-%.2f", r.Better.Lo, r.Better.Hi)
		}
	}
	return fields
}

// Head names the fields of a row.
var Head = []string{"line", "best of ours", "figure", "best peer", "figure", "times as good", "95% interval", "target", "verdict"}

// printRows writes rows as a table, and then how many targets are met.
func printRows(w io.Writer, rows []Row) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	met := 0
	line := func(fields []string) {
		for _, f := range fields {
			fmt.Fprintf(table, "%s\t", f)
		}
		fmt.Fprintln(table)
	}
	line(Head)
	for _, r := range rows {
		line(r.Fields())
		if r.Verdict == Met {
			met++
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d of %d targets are met. Figures are medians over rounds; a ratio is the geometric mean within rounds of ours over theirs, or theirs over ours where less is better.\n", met, len(rows))
	return err
}

// PrintRun prints which targets of its plan the run in a directory shows, if the plan
// has any.
func PrintRun(w io.Writer, dir string) error {
	run, err := result.ReadRun(dir)
	if err != nil || run.Plan.Targets == nil {
		return err
	}
	return printRows(w, Evaluate(run))
}

package history

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"lsmlab/harness/changepoint"
	"lsmlab/harness/human"
	"lsmlab/harness/stat"
)

// Print prints the changes of a history for people.
func (h History) Print(out io.Writer) error {
	for i, g := range h.Groups {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := g.print(out); err != nil {
			return err
		}
	}
	return nil
}

func (g Group) print(out io.Writer) error {
	fmt.Fprintf(out, "%s by %s, %s to %s, work %s\non %s\n", human.Count(len(g.Runs), "run"), g.By, g.Runs[0].Name(), g.Runs[len(g.Runs)-1].Name(), g.Work, g.Machine)
	if g.Differs != "" {
		fmt.Fprintf(out, "apart, as %s\n", g.Differs)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	shown, suspected := g.count()
	if shown+suspected > 0 {
		fmt.Fprintln(table, "\nWORKLOAD\tDURABILITY\tT\tENGINE\tFIGURE\tRATIO\t95% INTERVAL\tP\tVERDICT\tWHERE\t")
	}
	for _, s := range g.Series {
		for _, c := range s.Changes {
			fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%.3f\t%.3f-%.3f\t%.4f\t%s\t%s\t\n",
				s.Workload, s.Durability, s.Threads, s.Engine, s.Figure, c.Ratio, c.Lo, c.Hi, c.P, c.Word(), strings.Join(append([]string{c.Commits}, c.Also...), "; "))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n", g.Conclusion())
	return nil
}

// Word says what a change is: better or worse, shown or suspected.
func (c Change) Word() string {
	if c.Shown {
		return c.Verdict
	}
	return c.Verdict + "?"
}

// count returns how many changes are shown, and how many are suspected.
func (g Group) count() (shown, suspected int) {
	for _, s := range g.Series {
		for _, c := range s.Changes {
			if c.Shown {
				shown++
			} else {
				suspected++
			}
		}
	}
	return shown, suspected
}

// Conclusion says in sentences how many changes there are, and how much that means.
func (g Group) Conclusion() string {
	shown, suspected := g.count()
	if !g.Enough() && shown+suspected == 0 {
		return fmt.Sprintf("No changes in %s: a lasting one can be told from %d runs on.", human.Count(len(g.Runs), "run"), changepoint.MinValues)
	}
	return fmt.Sprintf("%s in %d series, %d more suspected (marked ?): by chance %.1f series would have a suspect if nothing had changed.",
		human.UpperFirst(human.Count(shown, "change")), len(g.Series), suspected, stat.Alpha*float64(len(g.Series)))
}

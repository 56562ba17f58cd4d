package isolation

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

// CheckFile judges the history in a file, of the form that [Read] takes.
func CheckFile(file string) (v Verdict, err error) {
	f, err := os.Open(file)
	if err != nil {
		return v, err
	}
	h, err := Read(f)
	err = errors.Join(err, f.Close())
	if err != nil {
		return v, err
	}
	return Check(h)
}

// Print prints a verdict for people: a table of levels, and each piece of evidence once.
// name is that of the history.
func (v Verdict) Print(w io.Writer, name string) error {
	var left []string
	for _, l := range v.Strongest() {
		left = append(left, l.String())
	}
	if left == nil {
		left = []string{"no level"}
	}
	fmt.Fprintf(w, "%s: %d transactions; not refuted: %s\n", name, v.Txns, strings.Join(left, ", "))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range v.Levels {
		by := "not refuted"
		if r.Refuted {
			by = "refuted by " + r.By.Name
		}
		fmt.Fprintf(table, "  %s\t%s\n", r.Level, by)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	said := map[*Anomaly]bool{}
	for _, r := range v.Levels {
		if !r.Refuted || said[r.By] {
			continue
		}
		said[r.By] = true
		fmt.Fprintf(w, "%s: %s\n", r.By.Name, r.By.Text)
		for _, e := range r.By.Cycle {
			fmt.Fprintf(w, "  %-8s  %s\n", e.Kind, e.Text)
		}
	}
	return nil
}

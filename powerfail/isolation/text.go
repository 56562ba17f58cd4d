package isolation

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

// CheckFile judges the history in a file, of a form that [Read] takes.
func CheckFile(file string) (h *History, v Verdict, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, v, err
	}
	h, err = Read(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, v, err
	}
	v, err = Check(h)
	return h, v, err
}

// Print prints a verdict on h for people: a table of levels, and each piece of evidence
// once. name is that of the history.
func (v Verdict) Print(w io.Writer, name string, h *History) error {
	fmt.Fprintf(w, "%s: %d transactions; not refuted: %s\n", name, v.Txns, Names(v.Strongest()))
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
	v.PrintEvidence(w, h)
	return nil
}

// PrintEvidence prints each piece of evidence against a level once, with its transactions.
func (v Verdict) PrintEvidence(w io.Writer, h *History) {
	said := map[*Anomaly]bool{}
	for _, r := range v.Levels {
		if !r.Refuted || said[r.By] {
			continue
		}
		said[r.By] = true
		r.By.Print(w, h)
	}
}

// Print prints an anomaly of h, with its transactions.
func (a *Anomaly) Print(w io.Writer, h *History) {
	fmt.Fprintf(w, "%s: %s\n", a.Name, a.Text)
	for _, e := range a.Cycle {
		fmt.Fprintf(w, "  %-8s  %s\n", e.Kind, e.Text)
	}
	for line := range strings.Lines(h.Describe(a)) {
		fmt.Fprintf(w, "  %s", line)
	}
}

// Convert writes the history in a file in another format: lines, one transaction a line,
// or edn and json, those of Jepsen.
func Convert(w io.Writer, file, to string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	all, err := ReadTxns(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if to != "lines" {
		return writeElle(w, all, to == "json")
	}
	for _, t := range all {
		if _, err := w.Write(AppendJSON(nil, t)); err != nil {
			return err
		}
	}
	return nil
}

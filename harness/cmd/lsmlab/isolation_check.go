package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/powerfail/isolation"
)

// judged is the output of `lsmlab isolation check --json` for one file.
type judged struct {
	File string `json:"file"`
	isolation.Verdict
}

func (a *app) isolationCheckCommand() *cobra.Command {
	var level string
	var asJSON bool
	c := &cobra.Command{
		Use:   "check FILE..",
		Short: "Judge recorded histories",
		Long: `Reads histories of transactions, as the clients of any database saw them, and says which isolation
levels each cannot have had, with the smallest evidence. A history is one of Jepsen (EDN or JSON, as Elle
reads it), or JSON, one transaction a line:

  {"process": 0, "outcome": "committed", "begin": 3, "end": 8, "ops": [["append", "x", 1], ["r", "x", [1]]]}

Operations are ["append", KEY, ELEMENT] and ["r", KEY, [ELEMENT, ..]] on lists, or ["w", KEY, VALUE] and
["r", KEY, VALUE or null] on registers; a fourth part, "range", marks a read that was part of a range read.
No value is written twice to one key. The outcome may be aborted or unknown.

Exit status: 0 the levels were judged, and --level is not refuted; 1 --level is refuted; 2 no history there.`,
		Example: `  lsmlab isolation check powerfail/isolation/testdata/write-skew.jsonl
  lsmlab isolation check --level serializable powerfail/isolation/testdata/write-skew.jsonl   # a finding`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("isolation check: no file given: want the file of a history")
			}
			return nil
		},
		RunE: func(c *cobra.Command, files []string) error {
			demanded := isolation.ReadUncommitted
			if c.Flags().Changed("level") {
				var err error
				if demanded, err = isolation.ParseLevel(level); err != nil {
					return &harness.UsageError{Text: fmt.Sprintf("isolation check: --level: %v", err)}
				}
			}
			// Histories are large tables without pointers: the collector has little to do in
			// them, and garbage is what they grow by.
			defer debug.SetGCPercent(debug.SetGCPercent(50))
			refuted := 0
			for _, file := range files {
				h, v, err := judgeHistory(file)
				if err != nil {
					return &harness.UsageError{Text: fmt.Sprintf("isolation check: %s: %v", file, err)}
				}
				if err := printJudged(a.stdout, judged{file, v}, h, asJSON); err != nil {
					return err
				}
				if c.Flags().Changed("level") && v.Of(demanded).Refuted {
					refuted++
				}
			}
			if refuted > 0 {
				return fmt.Errorf("%w: %s is refuted by %d of %d histories", harness.ErrFinding, demanded, refuted, len(files))
			}
			return nil
		},
	}
	c.Flags().StringVar(&level, "level", "", "`LEVEL` that is demanded: exit status 1 if a history refutes it")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, one history a line")
	return c
}

func judgeHistory(file string) (h *isolation.History, v isolation.Verdict, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, v, err
	}
	h, err = isolation.Read(f)
	err = errors.Join(err, f.Close())
	if err != nil {
		return nil, v, err
	}
	v, err = isolation.Check(h)
	return h, v, err
}

// printJudged prints a verdict: a table of levels, and each piece of evidence once.
func printJudged(w io.Writer, j judged, h *isolation.History, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(j)
	}
	fmt.Fprintf(w, "%s: %d transactions; not refuted: %s\n", j.File, j.Txns, isolation.Names(j.Strongest()))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range j.Levels {
		by := "not refuted"
		if r.Refuted {
			by = "refuted by " + r.By.Name
		}
		fmt.Fprintf(table, "  %s\t%s\n", r.Level, by)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	printEvidence(w, j.Verdict, h)
	return nil
}

// printEvidence prints each piece of evidence once, with its transactions.
func printEvidence(w io.Writer, v isolation.Verdict, h *isolation.History) {
	said := map[*isolation.Anomaly]bool{}
	for _, r := range v.Levels {
		if !r.Refuted || said[r.By] {
			continue
		}
		said[r.By] = true
		fmt.Fprintf(w, "%s: %s\n", r.By.Name, r.By.Text)
		for _, e := range r.By.Cycle {
			fmt.Fprintf(w, "  %-8s  %s\n", e.Kind, e.Text)
		}
		for line := range strings.Lines(h.Describe(r.By)) {
			fmt.Fprintf(w, "  %s", line)
		}
	}
}

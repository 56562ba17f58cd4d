package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/powerfail/isolation"
)

func (a *app) isolationCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "isolation",
		Short: "Say which isolation level a history of transactions can have had",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.isolationCheckCommand())
	return c
}

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
levels each cannot have had, with the smallest evidence. A history is JSON, one transaction a line:

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
			refuted := 0
			for _, file := range files {
				v, err := isolation.CheckFile(file)
				if err != nil {
					return &harness.UsageError{Text: fmt.Sprintf("isolation check: %s: %v", file, err)}
				}
				if asJSON {
					err = json.NewEncoder(a.stdout).Encode(judged{file, v})
				} else {
					err = v.Print(a.stdout, file)
				}
				if err != nil {
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

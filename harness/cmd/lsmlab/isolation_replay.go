package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/powerfail/isolation"
	"lsmlab/powerfail/isolation/isorun"
	"lsmlab/powerfail/isolation/probe"
)

func (a *app) isolationReplayCommand() *cobra.Command {
	tries := 0
	c := &cobra.Command{
		Use:   "replay FINDING_DIR",
		Short: "Show a finding again",
		Long: `Runs the script of a finding on a fresh store of its engine. A stepwise script shows the same again; one
whose sessions ran beside each other is tried up to --tries times.

Exit status: 1 what was promised is refuted again; 0 it is not any more; 2 no finding there.`,
		Example: "  lsmlab isolation replay results/isolation-20260102-030405/findings/001",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("isolation replay: %d arguments given: want the directory of one finding", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			f, err := isorun.ReadFinding(args[0])
			if err != nil {
				return &harness.UsageError{Text: "isolation replay: " + err.Error()}
			}
			if f.Way == probe.Stepwise {
				tries = 1
			}
			d, err := kv.ParseDurability(f.Durability)
			if err != nil {
				return &harness.UsageError{Text: "isolation replay: " + err.Error()}
			}
			fmt.Fprint(a.stdout, f.Text)
			t, refuted, err := isorun.Replay(c.Context(), &f, tries, openTransactional(d))
			if err != nil {
				return err
			}
			if !refuted {
				fmt.Fprintf(a.stdout, "not shown any more: %s is not refuted\n", f.Promised)
				return nil
			}
			h, err := isolation.NewHistory(t.History)
			if err != nil {
				return err
			}
			printEvidence(a.stdout, t.Verdict, h)
			return fmt.Errorf("%w: %s promises %s", harness.ErrFinding, f.Engine, f.Promised)
		},
	}
	c.Flags().IntVar(&tries, "tries", 1000, "runs of a script whose sessions run beside each other")
	return c
}

func (a *app) isolationConvertCommand() *cobra.Command {
	to := ""
	c := &cobra.Command{
		Use:   "convert FILE",
		Short: "Write a history in another format",
		Long: `Reads a history as lsmlab isolation check does, and prints it: lines is one transaction a line, edn and
json are the formats of Jepsen, which Elle judges. Those do not say which reads are parts of range reads.`,
		Example: "  lsmlab isolation convert --to edn results/run/histories/badger-serializable.jsonl > history.edn",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("isolation convert: %d arguments given: want the file of one history", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if to != "lines" && to != "edn" && to != "json" {
				return &harness.UsageError{Text: fmt.Sprintf("isolation convert: --to %q: want lines, edn or json", to)}
			}
			f, err := os.Open(args[0])
			if err != nil {
				return &harness.UsageError{Text: "isolation convert: " + err.Error()}
			}
			all, err := isolation.ReadTxns(f)
			if err = errors.Join(err, f.Close()); err != nil {
				return &harness.UsageError{Text: fmt.Sprintf("isolation convert: %s: %v", args[0], err)}
			}
			if to != "lines" {
				return isolation.WriteElle(a.stdout, all, to == "json")
			}
			for _, t := range all {
				if _, err := a.stdout.Write(isolation.AppendJSON(nil, t)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&to, "to", "lines", "`FORMAT`: lines, edn or json")
	return c
}

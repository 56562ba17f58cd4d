package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/engines/vfs"
	"lsmlab/harness"
)

// verification is the output of `lsmlab verify --json`.
type verification struct {
	lsm.Report
	Findings []string // as text
}

func (a *app) verifyCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify DB_DIR",
		Short: "Check a store of the lsm engines offline, without changing it",
		Long: `Reads every byte of the closed store in DB_DIR: checksums, key order, level overlap, the chain of
LSNs, missing files and orphans. Says each damage with file and place.

Exit status: 0 sound; 1 damage found; 2 no store there, or it is in use.`,
		Example: "  lsmlab verify /var/lib/mystore",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("verify: %d arguments given: want the directory of one store", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := lsm.Verify(vfs.OS, args[0])
			if err != nil {
				hint := ""
				if errors.Is(err, kv.ErrInUse) {
					hint = "; close it first"
				}
				return &harness.UsageError{Text: fmt.Sprintf("verify: %v%s", err, hint)}
			}
			if err := a.printVerification(r, asJSON); err != nil {
				return err
			}
			if n := len(r.Findings); n > 0 {
				return fmt.Errorf("%w: %s: %d damaged places", harness.ErrFinding, args[0], n)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) printVerification(r lsm.Report, asJSON bool) error {
	if asJSON {
		v := verification{Report: r}
		for _, f := range r.Findings {
			v.Findings = append(v.Findings, f.Error())
		}
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	fmt.Fprintf(a.stdout, "%d tables, %d bytes, %d entries; LSN %d in tables, %d the newest, %d WAL records between\n",
		r.Tables, r.TableBytes, r.Entries, r.FlushedSeq, r.LastSeq, r.WALRecords)
	if r.WALTail != "" {
		fmt.Fprintf(a.stdout, "torn tail (never synced, no damage): %s\n", r.WALTail)
	}
	if r.WALSkipped > 0 {
		fmt.Fprintf(a.stdout, "%d unreadable places in the WAL, all of LSNs that tables hold (no damage)\n", r.WALSkipped)
	}
	for _, o := range r.Orphans {
		fmt.Fprintf(a.stdout, "orphan (removed at the next open, no damage): %s\n", o)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(a.stdout, "DAMAGE: %v\n", f)
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(a.stdout, "sound")
	}
	return nil
}

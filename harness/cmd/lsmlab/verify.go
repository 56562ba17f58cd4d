package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/engines/vfs"
	"lsmlab/harness"
)

func (a *app) verifyCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify DB_DIR",
		Short: "Check a store of the lsm engines offline, without changing it",
		Long: `Reads every byte of the closed store in DB_DIR: checksums, key order, level overlap, the chain of
LSNs, missing files and orphans. Says each damage with file and place.

Exit status: 0 sound; 1 damage found; 2 no store there, or it is in use.`,
		Example: "  lsmlab verify /var/lib/mystore",
		Args:    oneArg("the directory of one store"),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := lsm.Verify(vfs.OS, args[0])
			if err != nil {
				hint := ""
				if errors.Is(err, kv.ErrInUse) {
					hint = "; close it first"
				}
				return &harness.UsageError{Text: fmt.Sprintf("verify: %v%s", err, hint)}
			}
			if asJSON {
				err = a.printJSON(r)
			} else {
				err = r.Print(a.stdout)
			}
			if err != nil {
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

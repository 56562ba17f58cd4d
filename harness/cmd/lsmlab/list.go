package main

import (
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"lsmlab/harness/cmd/inventory"
)

func (a *app) listCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:       "list [" + strings.Join(inventory.Kinds(), "|") + "]",
		Short:     "What there is to race and to crash, and under which work",
		ValidArgs: inventory.Kinds(),
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := inventory.List(a.catalog, strings.Join(args, ""))
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(l)
			}
			return l.Print(a.stdout)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// printJSON prints a value for programs.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.stdout)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

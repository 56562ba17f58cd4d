package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/powerfail/oracle"
)

// crashCheckCommand judges a store that a crash left, by a recorded history. It
// writes to the store: what a check is worth is that the store still takes writes.
func (a *app) crashCheckCommand() *cobra.Command {
	var store crashStore
	var history, kind, durability string
	var position int64
	c := &cobra.Command{
		Use:     "check",
		Short:   "Judge a store after a crash, by its history (used by crash disk and crash vm)",
		Example: "  lsmlab crash check --engine pebble --dir copy/state --history history.jsonl --position 812 --kind power",
		Hidden:  true,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			cut := oracle.Cut{Position: position}
			if err := cut.Kind.UnmarshalText([]byte(kind)); err != nil {
				return err
			}
			d, err := kv.ParseDurability(durability)
			if err != nil {
				return err
			}
			index, err := readIndex(history)
			if err != nil {
				return err
			}
			verdict := index.NewChecker().Check(func() (kv.Engine, error) { return store.open(d) }, cut)
			if err := json.NewEncoder(a.stdout).Encode(verdict); err != nil {
				return err
			}
			if verdict.Broken != nil {
				return fmt.Errorf("%w: %s: %v", harness.ErrFinding, store.dir, verdict.Broken)
			}
			return nil
		},
	}
	store.flags(c)
	fs := c.Flags()
	fs.StringVar(&history, "history", "", "`FILE` with the history")
	fs.Int64Var(&position, "position", 0, "of the crash, in the history's log")
	fs.StringVar(&kind, "kind", oracle.PowerOff.String(), "`KIND` of the crash: power or kill")
	fs.StringVar(&durability, "durability", kv.Synced.String(), "`LEVEL` that the store is opened for")
	_ = c.MarkFlagRequired("history")
	return c
}

func readIndex(name string) (*oracle.Index, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	h, err := oracle.DecodeHistory(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return h.Index()
}

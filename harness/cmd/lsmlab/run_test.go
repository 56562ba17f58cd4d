package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lsmlab/harness/cmd/inventory"
)

// TestHelp reads the help of every command: what stands in backquotes in a flag's
// text is shown as the name of its value, so it is one word; and no line is too
// long for a screen.
func TestHelp(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for line := range strings.Lines(c.Long) {
			if len(line) > 110 {
				t.Errorf("%s: %q", c.CommandPath(), line)
			}
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if name, text := pflag.UnquoteUsage(f); strings.ContainsAny(name, " `") || strings.Contains(text, "`") {
				t.Errorf("%s --%s: value %q, text %q", c.CommandPath(), f.Name, name, text)
			}
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk((&app{catalog: inventory.Catalog()}).root())
}

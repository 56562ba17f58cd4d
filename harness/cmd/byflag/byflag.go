// Package byflag names wrong fields by the flags that set them.
package byflag

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lsmlab/harness"
	"lsmlab/harness/field"
)

// Execute executes the command that the arguments of root name. Its error names the flags
// of that command.
func Execute(ctx context.Context, root *cobra.Command) error {
	c, err := root.ExecuteContextC(ctx)
	return name(c.Flags(), err)
}

// name replaces the first [field.Error] in the text of err by one with the flag that sets
// the field. It keeps err if no flag does. Somebody who wrote the field of a plan into a
// file is not told about flags.
func name(flags *pflag.FlagSet, err error) error {
	var wrong *field.Error
	if !errors.As(err, &wrong) {
		return err
	}
	flag := flags.Lookup(strings.ReplaceAll(wrong.Name, "_", "-"))
	if flag == nil || wrong.Of == field.Plan && !flag.Changed {
		return err
	}
	text := strings.Replace(err.Error(), wrong.Error(), "--"+flag.Name+" "+wrong.Err.Error(), 1)
	return &harness.UsageError{Text: text, Err: err}
}

package byflag

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/spf13/pflag"

	"lsmlab/harness/field"
)

// A field is named by the flag that set it, and the cause stays in the chain.
func TestName(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.Int("key-size", 0, "")
	flags.Int("keys", 0, "")
	if err := flags.Parse([]string{"--key-size", "7"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ of, field, want string }{
		{"plan", "key_size", "before: --key-size is 7: file does not exist"},
		{"plan", "keys", "before: plan: keys is 7: file does not exist"}, // the plan's file has it
		{"run", "keys", "before: --keys is 7: file does not exist"},      // the flag's default
		{"run", "rate", "before: run: rate is 7: file does not exist"},   // there is no flag
	} {
		err := fmt.Errorf("before: %w", field.Wrong(c.of, c.field, "is 7: %w", fs.ErrNotExist))
		for range 2 { // a command that runs another names what has its name already
			if err = name(flags, err); err.Error() != c.want || !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s of %s: %v, want %q", c.field, c.of, err, c.want)
			}
		}
	}
	if err := name(flags, nil); err != nil {
		t.Error(err)
	}
	if err := name(flags, fs.ErrExist); err != fs.ErrExist {
		t.Error(err)
	}
}

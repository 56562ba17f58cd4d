package cmdline_test

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"lsmlab/harness/cmd/cmdline"
)

// A printed line gives a shell the words that the flags had.
func TestWords(t *testing.T) {
	var command string
	var names []string
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.StringVar(&command, "check-cmd", "", "")
	fs.StringSliceVar(&names, "engines", nil, "")
	const given = `[ -e x ] && test -s y || [ -d "it's" ]`
	if err := fs.Parse([]string{"--check-cmd", given, "--engines", "one,two"}); err != nil {
		t.Fatal(err)
	}
	want := `lsmlab --check-cmd='` + strings.ReplaceAll(given, "'", `'\''`) + `' --engines=one,two`
	if got := cmdline.Of("lsmlab", fs); got != want {
		t.Errorf("printed %s\n   want %s", got, want)
	}
}

// Package cmdline writes the command line that repeats a command.
package cmdline

import (
	"strings"

	"github.com/spf13/pflag"

	"lsmlab/harness/human"
)

// Of returns the command with the flags that were set, for a shell, but for those
// that say where results go and how they are shown.
func Of(command string, fs *pflag.FlagSet) string {
	words := []string{command}
	fs.Visit(func(f *pflag.Flag) {
		if f.Name != "out" && f.Name != "resume" && f.Name != "no-report" {
			value := f.Value.String()
			if _, list := f.Value.(pflag.SliceValue); list {
				value = strings.Trim(value, "[]")
			}
			words = append(words, "--"+f.Name+"="+human.ShellWord(value))
		}
	})
	return strings.Join(words, " ")
}

// To is [Of] with the directory of the results.
func To(command string, fs *pflag.FlagSet, dir string) string {
	return Of(command, fs) + " --out " + human.ShellWord(dir)
}

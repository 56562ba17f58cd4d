// Package seedflag is the flag --seed of commands that draw at random.
package seedflag

import (
	"strconv"

	"github.com/spf13/pflag"

	"lsmlab/powerfail/explore"
)

// Add adds the flag.
func Add(fs *pflag.FlagSet, seed *uint64) {
	fs.Uint64Var(seed, "seed", 0, "of all programs and choices (default: a fresh one, printed with the line that repeats it; of shards 1)")
}

// Draw sets the flag to a fresh seed unless it was given.
func Draw(fs *pflag.FlagSet) {
	if !fs.Changed("seed") {
		Set(fs, explore.FreshSeed())
	}
}

// Set sets the flag, so that a line that repeats the command has it.
func Set(fs *pflag.FlagSet, seed uint64) {
	_ = fs.Set("seed", strconv.FormatUint(seed, 10)) // it is a number
}

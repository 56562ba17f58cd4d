package process

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/files"
)

// Role is a command of this program that a tier starts as a process.
type Role struct {
	Use, About, Example string
	Args                int  // how many it takes beside flags; -1: any
	Raw                 bool // it has no flags of its own: what looks like some is an argument
	// Flags adds the flags of the command, and returns the function that runs the command
	// once they are set. This function returns a [BrokenError] if a store is broken.
	Flags func(*pflag.FlagSet) func(args []string, stdin io.Reader, stdout io.Writer) error
}

// Roles returns every role.
func Roles() []Role {
	return []Role{
		{Use: "worker", About: "Run a program on a store and tell of each write (started by crash disk and crash vm)", Flags: worker},
		{Use: "judge", About: "Judge stores by a history, one for each line of standard input (started by crash disk)", Flags: judge},
		{
			Use: "check", About: "Judge a store after a crash, by its history (used by crash disk and crash vm)", Flags: check,
			Example: "  lsmlab crash check --engine pebble --dir copy/state --history history.jsonl --position 812 --kind power",
		},
		{
			Use: "fuse DIR SIZE LOG BASE FAULT", About: "Serve a file of SIZE bytes in DIR and log what is written to it (started by crash disk)",
			Args: -1, Flags: without(serveDisk),
		},
		{
			Use: "fuse-files DIR BEHIND FAULT LOG", About: "Serve the directory BEHIND at DIR and log what is done there (started by crash files)",
			Args: 4, Flags: without(serveFiles),
		},
		{
			Use: "watched CMD ARG...", About: "Become a command whose calls of sync(2) are told to crash files (started by it)",
			Args: -1, Raw: true, Flags: without(func(args []string, _ io.Reader, _ io.Writer) error { return files.Watched(args) }),
		},
	}
}

// without makes the Flags of a role that has no flags.
func without(run func([]string, io.Reader, io.Writer) error) func(*pflag.FlagSet) func([]string, io.Reader, io.Writer) error {
	return func(*pflag.FlagSet) func([]string, io.Reader, io.Writer) error { return run }
}

// serveDisk serves a recorded disk.
func serveDisk(args []string, stdin io.Reader, stdout io.Writer) error {
	s, err := disk.ParseServed(args)
	if err != nil {
		return err
	}
	return disk.Serve(s, stdin, stdout)
}

// serveFiles serves a recorded directory.
func serveFiles(args []string, stdin io.Reader, stdout io.Writer) (err error) {
	var fault disk.Fault
	if args[2] != "" {
		if fault, err = disk.ParseFault(args[2]); err != nil {
			return err
		}
	}
	log, err := os.Create(args[3])
	if err != nil {
		return err
	}
	return errors.Join(files.Serve(args[0], args[1], fault, log, stdin, stdout), log.Close())
}

// BrokenError says that a store breaks a rule.
type BrokenError struct{ Dir, What string }

func (e *BrokenError) Error() string { return fmt.Sprintf("%s: %s", e.Dir, e.What) }

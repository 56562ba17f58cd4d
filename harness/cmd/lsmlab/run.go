package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/harness/cmd/byflag"
)

// Exit statuses.
const (
	exitSound       = 0
	exitFinding     = 1   // the work was done, and something is wrong with what was looked at
	exitUsage       = 2   // wrong use or a broken environment
	exitInterrupted = 130 // cut by Ctrl-C; what was measured is on disk
)

// app is what the commands share.
type app struct {
	catalog harness.Catalog
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
}

// run is the whole program but for the process: it returns the exit status.
func run(ctx context.Context, catalog harness.Catalog, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{catalog, stdin, stdout, stderr}
	root := a.root()
	root.SetArgs(append([]string{}, args...)) // nil would mean those of the process
	err := byflag.Execute(ctx, root)
	if err != nil && !errors.Is(err, harness.ErrInterrupted) { // the runner has said how to go on
		fmt.Fprintf(stderr, "lsmlab: %s\n", strings.TrimSpace(err.Error()))
	}
	return exitStatus(err)
}

func exitStatus(err error) int {
	switch {
	case err == nil:
		return exitSound
	case errors.Is(err, harness.ErrInterrupted) || errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, harness.ErrFinding):
		return exitFinding
	}
	return exitUsage
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "lsmlab",
		Short: "A laboratory for storage-engine variants",
		Long: `lsmlab races storage engines and their parts under equal work and equal durability,
and draws what it measured.

Exit status: 0 done and sound; 1 a finding (regression, failed cell, corrupt store);
2 wrong use or broken environment; 130 interrupted, what was measured is on disk.`,
		SilenceErrors: true,
		// Cobra's own default of 2 holds in a path that is not taken here.
		SuggestionsMinimumDistance: 2,
		SilenceUsage:               true,
		Args:                       noArgs,
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(a.listCommand(), a.benchCommand(), a.compareCommand(), a.historyCommand(), a.reportCommand(), a.verifyCommand(), a.backupCommand(), a.restoreCommand(),
		a.serveCommand(), a.loadCommand(), a.capacityCommand(), a.crashCommand(), a.isolationCommand(), a.studyCommand(), a.traceCommand(), a.verdictCommand(), a.cellCommand())
	return root
}

// noArgs refuses arguments, and says which command a mistyped one was meant to be.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if c.HasParent() {
		return fmt.Errorf("%s: unknown argument %q: it takes flags alone, see `%s --help`", c.Name(), args[0], c.CommandPath())
	}
	hint := ""
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf(", did you mean %s?", strings.Join(near, " or "))
	}
	return fmt.Errorf("unknown command %q%s; see `lsmlab --help`", args[0], hint)
}

// oneArg wants one argument, and says what it is.
func oneArg(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%s: %d arguments given: want %s", strings.TrimPrefix(c.CommandPath(), "lsmlab "), len(args), what)
		}
		return nil
	}
}

// someArgs wants one argument or more, and says what they are.
func someArgs(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return oneArg(what)(c, args)
		}
		return nil
	}
}

package vm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// hostCommand is a command on a nameless file, whose path is its last argument.
func hostCommand(ctx context.Context, f *os.File, name string, args ...string) *exec.Cmd {
	if _, err := exec.LookPath(name); err != nil {
		name = "/usr/sbin/" + name // where mkfs is, if not in the path of every user
	}
	return exec.CommandContext(ctx, name, append(args, pathOf(f))...)
}

// runOn runs a command on a nameless file. The package is named if it is missing.
func runOn(ctx context.Context, f *os.File, install, name string, args ...string) error {
	c := hostCommand(ctx, f, name, args...)
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", missing(c, install, err), strings.TrimSpace(string(out)))
	}
	return nil
}

// missing adds to the error of a command what to do if it is not there.
func missing(c *exec.Cmd, install string, err error) error {
	if c.Process == nil {
		return fmt.Errorf("%w: install the package %s", err, install)
	}
	return fmt.Errorf("%s: %w", strings.Join(c.Args, " "), err)
}

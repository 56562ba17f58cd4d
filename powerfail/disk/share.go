package disk

import (
	"context"
	"os/exec"
)

// What the tier of files needs of a stage, whose processes and mounts are released
// like those of this tier.

// Mkdir makes a directory in the stage whose name begins with name.
func (s *Stage) Mkdir(name string) (string, error) { return s.mkdir(name) }

// Command returns a process of the stage, which is killed as a group when ctx ends,
// and by [Clean] if the owner of the stage dies.
func (s *Stage) Command(ctx context.Context, argv ...string) *exec.Cmd {
	return s.command(ctx, argv...)
}

// Said returns what the last command printed that a judge has seen fail, "" if it asks
// no commands.
func Said(j Judge) string { return said(j) }

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

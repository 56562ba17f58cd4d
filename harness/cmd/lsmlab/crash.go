package main

import (
	"github.com/spf13/cobra"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/bugs"
)

func (a *app) crashCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "crash",
		Short: "Cut the power of a store, again and again, and judge what is left",
		Long: `Cuts the power of a store, again and again, and judges what is left: in simulation (sim), at the level of
files (files), on real file systems (disk), in virtual machines (vm).

Ctrl-C keeps what was explored. A run that was cut, also by a kill, goes on with the same flags, the same
--out and --resume.`,
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.crashSimCommand(), a.crashDiskCommand(), a.crashFilesCommand(), a.crashVMCommand(), a.crashCleanCommand(), a.crashFuseCommand(), a.crashFuseFilesCommand(), a.crashWatchedCommand(), a.crashJudgeCommand(), a.crashReplayCommand(), a.crashMergeCommand(), a.crashWorkerCommand(), a.crashCheckCommand())
	return c
}

// crashStore is the store that a crash command opens.
type crashStore struct {
	engine, dir, bug string
	small            bool
}

func (s *crashStore) flags(c *cobra.Command) {
	fs := c.Flags()
	fs.StringVar(&s.engine, "engine", "", "`NAME` of the engine, see lsmlab list engines")
	fs.StringVar(&s.dir, "dir", "", "`DIR` of the store")
	fs.StringVar(&s.bug, "bug", "", "`NAME` of a planted bug, see lsmlab list faults")
	fs.BoolVar(&s.small, "small", false, "sizes that make tables, logs and manifests end early")
	for _, name := range []string{"engine", "dir"} {
		_ = c.MarkFlagRequired(name) // fails only for a flag that does not exist
	}
}

// open opens the store for a rung, with the planted bug if one is named.
func (s *crashStore) open(d kv.Durability) (kv.Engine, error) {
	var fs vfs.FS // the operating system's
	if s.bug != "" {
		b, err := bugs.Lookup(s.bug)
		if err != nil {
			return nil, err
		}
		fs = b.Wrap(vfs.OS)
	}
	return engines.Open(s.engine, s.dir, engines.Options{
		CacheSize: 8 << 20, MemTableSize: 4 << 20, Durability: d, FS: fs, Small: s.small,
	})
}

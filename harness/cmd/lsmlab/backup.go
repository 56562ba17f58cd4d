package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"lsmlab/harness/backup"
)

func (a *app) backupCommand() *cobra.Command {
	var r backup.Request
	c := &cobra.Command{
		Use:   "backup",
		Short: "Copy a store, also one that is being served, and check the copy",
		Long: `Makes a consistent copy of a store that opens as a store: of a closed one, --data, to the new
directory --to; or of one that lsmlab serve serves, under load, by its admin address. Engines of ours
share their tables with the copy by hard links where both are on one file system. The copy is read as a
whole then.

Exit status: 0 copied and sound; 1 the copy is damaged; 2 nothing was copied.`,
		Example: `  lsmlab backup --data /var/lib/mystore --to /backup/monday
  lsmlab backup --server http://127.0.0.1:8081 --name monday`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return r.Run(c.Context(), a.catalog, a.stdout) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&r.Engine, "engine", "lsm-bptree", "`NAME` of the engine that --data is of")
	f.StringVar(&r.Data, "data", "", "`DIR` of a closed store")
	f.StringVar(&r.To, "to", "", "new `DIR` for the copy of --data")
	f.StringVar(&r.Server, "server", "", "`URL` of the admin address of a server")
	f.StringVar(&r.Name, "name", "", "`NAME` of the server's copy in its directory for backups (default the time)")
	return c
}

func (a *app) restoreCommand() *cobra.Command {
	var engine string
	c := &cobra.Command{
		Use:   "restore BACKUP_DIR NEW_DIR",
		Short: "Bring a store back from a backup, and check it",
		Long: `Copies BACKUP_DIR to NEW_DIR, which must not exist, and reads the copy as a whole before it gets
its name. The backup is only read.

Exit status: 0 the store is there and sound; 1 the backup is damaged; 2 nothing was restored.`,
		Example: "  lsmlab restore /backup/monday /var/lib/restored",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("restore: %d arguments given: want the directory of a backup and a new one", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return backup.Bring(c.Context(), a.catalog, a.stdout, engine, args[0], args[1])
		},
	}
	c.Flags().StringVar(&engine, "engine", "lsm-bptree", "`NAME` of the engine that the backup is of")
	return c
}

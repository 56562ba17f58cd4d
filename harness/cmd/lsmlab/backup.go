package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/backup"
)

func (a *app) backupCommand() *cobra.Command {
	var engine, data, to, server, name string
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
		RunE: func(c *cobra.Command, _ []string) (err error) {
			start := time.Now()
			switch {
			case (server == "") == (data == ""), data != "" && to == "", data == "" && to != "", server == "" && name != "":
				err = errors.New("want either --data and --to, or --server and maybe --name")
			case server != "":
				var made backup.Checkpoint
				made, err = backup.Ask(c.Context(), server, name)
				to, engine = made.Dir, made.Engine
			default:
				err = backup.Make(func() (kv.Engine, error) { return a.openStore(engine, data) }, to)
			}
			if err != nil {
				return &harness.UsageError{Text: fmt.Sprintf("backup: %v", err)}
			}
			if _, err := os.Stat(to); errors.Is(err, fs.ErrNotExist) {
				fmt.Fprintf(a.stdout, "%s, a store of %s, on the machine of the server: check it there\n", to, engine)
				return nil
			}
			return a.reportCopy("backup", to, engine, start, a.checkStore(engine, to))
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&engine, "engine", "lsm-bptree", "`NAME` of the engine that --data is of")
	f.StringVar(&data, "data", "", "`DIR` of a closed store")
	f.StringVar(&to, "to", "", "new `DIR` for the copy of --data")
	f.StringVar(&server, "server", "", "`URL` of the admin address of a server")
	f.StringVar(&name, "name", "", "`NAME` of the server's copy in its directory for backups (default the time)")
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
		Example: "  lsmlab restore /backup/monday /var/lib/mystore",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("restore: %d arguments given: want the directory of a backup and a new one", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			start := time.Now()
			check := func(dir string) error { return a.checkStore(engine, dir) }
			return a.reportCopy("restore", args[1], engine, start, backup.Restore(c.Context(), args[0], args[1], check))
		},
	}
	c.Flags().StringVar(&engine, "engine", "lsm-bptree", "`NAME` of the engine that the backup is of")
	return c
}

func (a *app) openStore(engine, dir string) (kv.Engine, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, err // to open it would make it
	}
	return a.catalog.Open(engine, dir, harness.OpenOptions{})
}

// checkStore reads a store as a whole.
func (a *app) checkStore(engine, dir string) error {
	return backup.CheckStore(func() (kv.Engine, error) { return a.openStore(engine, dir) })
}

// reportCopy says how a copy came out, and makes damage a finding.
func (a *app) reportCopy(command, dir, engine string, start time.Time, err error) error {
	switch {
	case errors.Is(err, kv.ErrCorrupt):
		return fmt.Errorf("%w: %s: %w", harness.ErrFinding, command, err)
	case err != nil:
		return &harness.UsageError{Text: fmt.Sprintf("%s: %v", command, err)}
	}
	fmt.Fprintf(a.stdout, "%s, a store of %s, sound; %.1f s\n", dir, engine, time.Since(start).Seconds())
	return nil
}

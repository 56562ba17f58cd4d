package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/httpd"
	"lsmlab/harness/httpd/settings"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	engine, data            string
	addr                    string
	durability              string
	logFormat               string
	cacheSize, memTableSize byteSize
}

func (a *app) serveCommand() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve one store over HTTP",
		Long: `Serves the store in --data, making it if it is missing. Once it listens, it prints one line on
standard output, "serving ENGINE at http://ADDRESS"; the log goes to standard error.

Ctrl-C or SIGTERM ends running requests within 5 s and closes the store; a second one ends the
process at once.`,
		Example: `  lsmlab serve --engine lsm-bptree --data /tmp/store
  curl -X PUT --data-binary hello http://127.0.0.1:8080/kv/greeting
  curl http://127.0.0.1:8080/kv/greeting`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.serve(c, f) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.engine, "engine", "lsm-bptree", "engine, see `lsmlab list engines`")
	fs.StringVar(&f.data, "data", "", "directory of the store")
	fs.StringVar(&f.addr, "addr", "127.0.0.1:8080", "address to serve; port 0 picks one")
	fs.StringVar(&f.durability, "durability", "", "rung of writes that ask for none: volatile, buffered (default), synced")
	fs.StringVar(&f.logFormat, "log", "text", "format of the log: text or json")
	fs.Var(&f.cacheSize, "cache-size", "block cache; 0: the engine's comparable default")
	fs.Var(&f.memTableSize, "memtable-size", "memtable; 0: the engine's comparable default")
	return c
}

func (a *app) serve(c *cobra.Command, f serveFlags) error {
	config, err := a.serverConfig(f)
	if err != nil {
		return &harness.UsageError{Text: fmt.Sprintf("serve: %v", err)}
	}
	s, err := httpd.Listen(config)
	if err != nil {
		return &harness.UsageError{Text: fmt.Sprintf("serve: %v", err)}
	}
	fmt.Fprintf(a.stdout, "serving %s at http://%s\n", f.engine, s.Addr())
	return s.Run(c.Context())
}

func (a *app) serverConfig(f serveFlags) (httpd.Config, error) {
	none := httpd.Config{}
	if f.data == "" {
		return none, fmt.Errorf("no --data: say in which directory the store is")
	}
	if _, err := a.catalog.Lookup(f.engine); err != nil {
		return none, err
	}
	if err := os.MkdirAll(f.data, 0o755); err != nil {
		return none, err
	}
	s := settings.Default()
	if f.durability != "" {
		d, err := kv.ParseDurability(f.durability)
		if err != nil {
			return none, err
		}
		s.Durability = d
	}
	log, err := newLog(a.stderr, f.logFormat)
	if err != nil {
		return none, err
	}
	open := harness.OpenOptions{CacheSize: int64(f.cacheSize), MemTableSize: int64(f.memTableSize), Durability: s.Durability}
	return httpd.Config{
		Open:     func() (kv.Engine, error) { return a.catalog.Open(f.engine, f.data, open) },
		Addr:     f.addr,
		Settings: s,
		Log:      log,
	}, nil
}

func newLog(w io.Writer, format string) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	}
	return nil, fmt.Errorf("--log is %q: want text or json", format)
}

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"lsmlab/engines/bytesize"
	"lsmlab/harness/cmd/tracerun"
	"lsmlab/harness/httpd"
	"lsmlab/harness/httpd/launch"
)

func (a *app) serveCommand() *cobra.Command {
	var f launch.Request
	var cacheSize, memTableSize bytesize.Size
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
		RunE: func(c *cobra.Command, _ []string) error {
			f.CacheSize, f.MemTableSize = int64(cacheSize), int64(memTableSize)
			return a.serve(c, f)
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.Engine, "engine", "lsm-bptree", "`NAME` of the engine, see lsmlab list engines and list options")
	fs.StringVar(&f.Data, "data", "", "`DIR` of the store")
	fs.StringVar(&f.Addr, "addr", "127.0.0.1:8080", "`ADDRESS` to serve; port 0 picks one")
	fs.StringVar(&f.RESPAddr, "resp-addr", "", "`ADDRESS` to serve by the protocol of Redis; none if empty")
	fs.StringVar(&f.AdminAddr, "admin-addr", "", "`ADDRESS` of pprof, expvar and backups; none if empty")
	fs.StringVar(&f.Backups, "backups", "", "`DIR` that lsmlab backup --server makes copies in (default the one of the store with .backups behind)")
	fs.StringVar(&f.Durability, "durability", "", "`LEVEL` of writes that ask for none: volatile, buffered (default), synced")
	fs.StringVar(&f.DurableReads, "durable-reads", "auto", "`MODE` of reads: on, they see nothing that a power failure takes back; off, they may see a write before it is durable; auto is on where the durability level is synced at the start")
	fs.DurationVar(&f.SyncInterval, "sync-interval", 0, "`DURATION` whose writes a power failure takes at most, of those below synced; 0: no bound")
	fs.StringVar(&f.Settings, "settings", "", "JSON `FILE` of limits, rate, breaker, log level; loaded again when it changes and at SIGHUP")
	fs.StringVar(&f.Log, "log", "text", "`FORMAT` of the log: text or json")
	fs.StringVar(&f.TokenFile, "token-file", "", "`FILE` with the bearer token that clients must send")
	fs.StringVar(&f.Certificate, "tls-cert", "", "`FILE` with the certificate chain, PEM; with --tls-key clients must use TLS")
	fs.StringVar(&f.CertificateKey, "tls-key", "", "`FILE` with the certificate's key, PEM")
	fs.StringVar(&f.OTLP, "otlp", "", "`URL` of an OTLP receiver that gets traces, as http://127.0.0.1:4318")
	fs.IntVar(&f.MaxConnections, "max-connections", 10_000, "`N` connections at each address; one more is refused. Less if the limit of open files is low")
	fs.StringSliceVar(&f.AllowedHosts, "allowed-hosts", nil, "`NAME,..` that requests may call the server by, beside its addresses and localhost; * allows all")
	fs.BoolVar(&f.AllowGetSet, "allow-get-set", false, "GET /set writes too, as POST /set does; then any link can write")
	fs.Var(&cacheSize, "cache-size", "block cache; 0: the engine's comparable default")
	fs.Var(&memTableSize, "memtable-size", "memtable; 0: the engine's comparable default")
	return c
}

func (a *app) serve(c *cobra.Command, f launch.Request) error {
	config, err := f.Config(tracerun.Traced(a.catalog), a.stderr)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	stop := launch.Connect(&config)
	defer stop()
	s, err := httpd.Listen(config)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	for _, line := range launch.Addresses(config, s) {
		fmt.Fprintln(a.stdout, line)
	}
	return s.Run(c.Context())
}

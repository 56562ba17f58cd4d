package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/httpd"
	"lsmlab/harness/httpd/settings"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	engine, data               string
	addr, respAddr, adminAddr  string
	durability, settings, log  string
	tokenFile, cert, key, otlp string
	cacheSize, memTableSize    byteSize
	durableReads               string
	syncInterval               time.Duration
	maxConnections             int
	allowedHosts               []string
	getSet                     bool
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
	fs.StringVar(&f.engine, "engine", "lsm-bptree", "`NAME` of the engine, see lsmlab list engines and list options")
	fs.StringVar(&f.data, "data", "", "`DIR` of the store")
	fs.StringVar(&f.addr, "addr", "127.0.0.1:8080", "`ADDRESS` to serve; port 0 picks one")
	fs.StringVar(&f.respAddr, "resp-addr", "", "`ADDRESS` to serve by the protocol of Redis; none if empty")
	fs.StringVar(&f.adminAddr, "admin-addr", "", "`ADDRESS` of pprof and expvar; none if empty")
	fs.StringVar(&f.durability, "durability", "", "`LEVEL` of writes that ask for none: volatile, buffered (default), synced")
	fs.StringVar(&f.durableReads, "durable-reads", "auto", "`MODE` of reads: on, they see nothing that a power failure takes back; off, they may see a write before it is durable; auto is on where the durability level is synced at the start")
	fs.DurationVar(&f.syncInterval, "sync-interval", 0, "`DURATION` whose writes a power failure takes at most, of those below synced; 0: no bound")
	fs.StringVar(&f.settings, "settings", "", "JSON `FILE` of limits, rate, breaker, log level; loaded again when it changes and at SIGHUP")
	fs.StringVar(&f.log, "log", "text", "`FORMAT` of the log: text or json")
	fs.StringVar(&f.tokenFile, "token-file", "", "`FILE` with the bearer token that clients must send")
	fs.StringVar(&f.cert, "tls-cert", "", "`FILE` with the certificate chain, PEM; with --tls-key clients must use TLS")
	fs.StringVar(&f.key, "tls-key", "", "`FILE` with the certificate's key, PEM")
	fs.StringVar(&f.otlp, "otlp", "", "`URL` of an OTLP receiver that gets traces, as http://127.0.0.1:4318")
	fs.IntVar(&f.maxConnections, "max-connections", 10_000, "`N` connections at each address; one more is refused. Less if the limit of open files is low")
	fs.StringSliceVar(&f.allowedHosts, "allowed-hosts", nil, "`NAME,..` that requests may call the server by, beside its addresses and localhost; * allows all")
	fs.BoolVar(&f.getSet, "allow-get-set", false, "GET /set writes too, as POST /set does; then any link can write")
	fs.Var(&f.cacheSize, "cache-size", "block cache; 0: the engine's comparable default")
	fs.Var(&f.memTableSize, "memtable-size", "memtable; 0: the engine's comparable default")
	return c
}

func (a *app) serve(c *cobra.Command, f serveFlags) error {
	config, err := a.serverConfig(f)
	if err != nil {
		return &harness.UsageError{Text: fmt.Sprintf("serve: %v", err)}
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		config.Log.Warn("traces are lost", "error", err)
	}))
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	config.Hangup = hangup
	s, err := httpd.Listen(config)
	if err != nil {
		return &harness.UsageError{Text: fmt.Sprintf("serve: %v", err)}
	}
	scheme := "http"
	if config.TLS != nil {
		scheme = "https"
	}
	fmt.Fprintf(a.stdout, "serving %s at %s://%s\n", f.engine, scheme, s.Addr())
	for _, name := range []string{httpd.RESPFront, httpd.AdminFront} {
		if addr := s.Addrs()[name]; addr != nil {
			fmt.Fprintf(a.stdout, "%s at %s\n", name, addr)
		}
	}
	return s.Run(c.Context())
}

// serverConfig reads all that the flags name.
func (a *app) serverConfig(f serveFlags) (httpd.Config, error) {
	none := httpd.Config{}
	if f.data == "" {
		return none, fmt.Errorf("no --data: say in which directory the store is")
	}
	info, err := a.catalog.Lookup(f.engine)
	if err != nil {
		return none, err
	}
	if f.maxConnections < 1 {
		return none, fmt.Errorf("--max-connections is %d: want a number from 1 on", f.maxConnections)
	}
	f.engine = info.Name
	s := settings.Default()
	if f.durability != "" {
		d, err := kv.ParseDurability(f.durability)
		if err != nil {
			return none, err
		}
		s.Durability = d
	}
	level := new(slog.LevelVar)
	log, err := newLog(a.stderr, f.log, level)
	if err != nil {
		return none, err
	}
	token, err := readToken(f.tokenFile)
	if err != nil {
		return none, err
	}
	tls, err := loadTLS(f.cert, f.key)
	if err != nil {
		return none, err
	}
	if err := os.MkdirAll(f.data, 0o755); err != nil {
		return none, err
	}
	open, err := f.openOptions(s)
	if err == nil && a.catalog.Check != nil {
		err = a.catalog.Check(f.engine, open)
	}
	if err != nil {
		return none, err
	}
	return httpd.Config{
		Open: func(opening func(kv.OpenProgress) error) (kv.Engine, error) {
			open.Opening = opening
			return a.catalog.Open(f.engine, f.data, open)
		},
		Engine: f.engine, Addr: f.addr, RESPAddr: f.respAddr, AdminAddr: f.adminAddr,
		Token: token, TLS: tls, OTLP: f.otlp,
		MaxConnections: f.maxConnections, AllowedHosts: f.allowedHosts, AllowGetSet: f.getSet,
		Settings: s, SettingsFile: f.settings,
		Log: log, Level: level,
	}, nil
}

// openOptions returns how the store is opened; s are the settings that the flags name.
func (f *serveFlags) openOptions(s settings.Settings) (o harness.OpenOptions, err error) {
	if f.settings != "" { // which may say another level to begin with
		if s, err = settings.Load(f.settings, s); err != nil {
			return o, err
		}
	}
	o = harness.OpenOptions{
		CacheSize: int64(f.cacheSize), MemTableSize: int64(f.memTableSize), Durability: s.Durability, SyncInterval: f.syncInterval, Reserve: true,
	}
	switch f.durableReads {
	case "on":
		o.DurableReads = true
	case "off":
	case "auto":
		o.DurableReads = s.Durability == kv.Synced
	default:
		return o, fmt.Errorf("--durable-reads is %q: want on, off or auto", f.durableReads)
	}
	return o, nil
}

func newLog(w io.Writer, format string, level slog.Leveler) (*slog.Logger, error) {
	o := &slog.HandlerOptions{Level: level}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return nil, fmt.Errorf("--log is %q: want text or json", format)
}

// readToken returns the token in file, or "" without a file.
func readToken(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("--token-file: %s is empty", file)
	}
	return token, nil
}

// loadTLS returns nil without files.
func loadTLS(cert, key string) (*tls.Config, error) {
	if cert == "" && key == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert and --tls-key: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

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
	fs.StringVar(&f.durability, "durability", "", "`RUNG` of writes that ask for none: volatile, buffered (default), synced")
	fs.StringVar(&f.settings, "settings", "", "JSON `FILE` of limits, rate, breaker, log level; loaded again when it changes and at SIGHUP")
	fs.StringVar(&f.log, "log", "text", "`FORMAT` of the log: text or json")
	fs.StringVar(&f.tokenFile, "token-file", "", "`FILE` with the bearer token that clients must send")
	fs.StringVar(&f.cert, "tls-cert", "", "`FILE` with the certificate chain, PEM; with --tls-key clients must use TLS")
	fs.StringVar(&f.key, "tls-key", "", "`FILE` with the certificate's key, PEM")
	fs.StringVar(&f.otlp, "otlp", "", "`URL` of an OTLP receiver that gets traces, as http://127.0.0.1:4318")
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
	open := harness.OpenOptions{CacheSize: int64(f.cacheSize), MemTableSize: int64(f.memTableSize), Durability: s.Durability}
	return httpd.Config{
		Open:   func() (kv.Engine, error) { return a.catalog.Open(f.engine, f.data, open) },
		Engine: f.engine, Addr: f.addr, RESPAddr: f.respAddr, AdminAddr: f.adminAddr,
		Token: token, TLS: tls, OTLP: f.otlp,
		Settings: s, SettingsFile: f.settings,
		Log: log, Level: level,
	}, nil
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

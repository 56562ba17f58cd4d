// Package launch turns what a person asks of a server, in words and names of files, into
// what the server is started with.
package launch

import (
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.opentelemetry.io/otel"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/field"
	"lsmlab/harness/httpd"
	"lsmlab/harness/httpd/settings"
	"lsmlab/harness/result"
)

// Request is what is asked of a server: see the flags of `lsmlab serve`.
type Request struct {
	Engine, Data                string // a name, and the directory of the store
	Backups                     string // directory; "": beside the store
	Addr, RESPAddr, AdminAddr   string
	Durability                  string // of writes that ask for none; "": buffered
	Settings                    string // file; "": none
	Log                         string // text or json
	TokenFile                   string
	Certificate, CertificateKey string // files
	OTLP                        string // URL
	CacheSize, MemTableSize     int64  // bytes
	DurableReads                string // on, off or auto
	SyncInterval                time.Duration
	MaxConnections              int
	AllowedHosts                []string
	AllowGetSet                 bool
}

// wrong returns the error of a field of a request.
func wrong(name, format string, args ...any) error {
	return field.Wrong("server", name, format, args...)
}

// Config reads all that the request names, and makes the directory of the store. The
// engine is one of a catalog, and the log goes to logs. The error of a
// field that is wrong is a [*field.Error].
func (r Request) Config(cat harness.Catalog, logs io.Writer) (httpd.Config, error) {
	none := httpd.Config{}
	if r.Data == "" {
		return none, wrong("data", "is not given: say in which directory the store is")
	}
	info, err := cat.Lookup(r.Engine)
	if err != nil {
		return none, wrong("engine", "is wrong: %w", err)
	}
	if r.MaxConnections < 1 {
		return none, wrong("max_connections", "is %d: want a number from 1 on", r.MaxConnections)
	}
	r.Engine = info.Name
	s := settings.Default()
	if r.Durability != "" {
		d, err := kv.ParseDurability(r.Durability)
		if err != nil {
			return none, wrong("durability", "is wrong: %w", err)
		}
		s.Durability = d
	}
	level := new(slog.LevelVar)
	log, err := newLog(logs, r.Log, level)
	if err != nil {
		return none, err
	}
	token, err := readToken(r.TokenFile)
	if err != nil {
		return none, err
	}
	tls, err := loadTLS(r.Certificate, r.CertificateKey)
	if err != nil {
		return none, err
	}
	open, err := r.openOptions(s)
	gives := levelsOf(info, open.Durability)
	if err == nil {
		err = gives(open.Durability)
	}
	if err == nil && cat.Check != nil {
		err = cat.Check(r.Engine, open)
	}
	if err != nil {
		return none, err
	}
	if err := os.MkdirAll(r.Data, 0o755); err != nil {
		return none, err
	}
	if r.Backups == "" {
		r.Backups = filepath.Clean(r.Data) + ".backups"
	}
	return httpd.Config{
		Gives: gives, Backups: r.Backups,
		Open: func(opening func(kv.OpenProgress) error) (kv.Engine, error) {
			open.Opening = opening
			return cat.Open(r.Engine, r.Data, open)
		},
		Engine: r.Engine, Addr: r.Addr, RESPAddr: r.RESPAddr, AdminAddr: r.AdminAddr,
		Token: token, TLS: tls, OTLP: r.OTLP,
		MaxConnections: r.MaxConnections, AllowedHosts: r.AllowedHosts, AllowGetSet: r.AllowGetSet,
		Settings: s, SettingsFile: r.Settings,
		Log: log, Level: level,
	}, nil
}

// Connect connects a server to its process: lost traces are logged, and SIGHUP has the
// settings loaded again until stop is called.
func Connect(c *httpd.Config) (stop func()) {
	log := c.Log
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces are lost", "error", err) }))
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	c.Hangup = hangup
	return func() { signal.Stop(hangup) }
}

// Addresses says where a server listens, a line for each of its fronts.
func Addresses(c httpd.Config, s *httpd.Server) []string {
	scheme := "http"
	if c.TLS != nil {
		scheme = "https"
	}
	lines := []string{fmt.Sprintf("serving %s at %s://%s", c.Engine, scheme, s.Addr())}
	for _, name := range []string{httpd.RESPFront, httpd.AdminFront} {
		if addr := s.Addrs()[name]; addr != nil {
			lines = append(lines, fmt.Sprintf("%s at %s", name, addr))
		}
	}
	return lines
}

// levelsOf says which durability levels a store gives that was opened for one.
func levelsOf(info result.EngineInfo, opened kv.Durability) func(kv.Durability) error {
	return func(d kv.Durability) error {
		_, given := info.Options[d.String()]
		switch {
		case !given:
			return fmt.Errorf("%s does not give durability level %v, but %s", info.Name, d, strings.Join(slices.Sorted(maps.Keys(info.Options)), ", "))
		case info.FixedLevel && d != opened:
			return fmt.Errorf("%s gives only durability level %v, which its store was opened for: start again for %v", info.Name, opened, d)
		}
		return nil
	}
}

// openOptions returns how the store is opened; s are the settings that the request names.
func (r *Request) openOptions(s settings.Settings) (o harness.OpenOptions, err error) {
	if r.Settings != "" { // which may say another level to begin with
		if s, err = settings.Load(r.Settings, s); err != nil {
			return o, err
		}
	}
	o = harness.OpenOptions{
		CacheSize: r.CacheSize, MemTableSize: r.MemTableSize, Durability: s.Durability, SyncInterval: r.SyncInterval, Reserve: true,
	}
	switch r.DurableReads {
	case "on":
		o.DurableReads = true
	case "off":
	case "auto":
		o.DurableReads = s.Durability == kv.Synced
	default:
		return o, wrong("durable_reads", "is %q: want on, off or auto", r.DurableReads)
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
	return nil, wrong("log", "is %q: want text or json", format)
}

// readToken returns the token in file, or "" without a file.
func readToken(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", wrong("token_file", "cannot be read: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", wrong("token_file", "%s is empty", file)
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
		return nil, wrong("tls_cert", "and its key do not work: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

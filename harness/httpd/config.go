package httpd

import (
	"crypto/tls"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/settings"
)

// Config is what a server is started with.
type Config struct {
	// Open opens the engine. It is called once the server listens: recovery may
	// take long, and clients are told so meanwhile. Where the engine can say how far it
	// is, it tells opening, and ends with the error that it gets.
	Open func(opening func(kv.OpenProgress) error) (kv.Engine, error)

	Engine string // its name, for metrics and traces

	Addr      string // of clients; port 0 picks one
	RESPAddr  string // of clients that speak the protocol of Redis; "": none
	AdminAddr string // of pprof, vars and checkpoints; "": none
	// Backups is the directory that POST /checkpoint makes copies of the store in; it is
	// made with the first one. "": none are made.
	Backups string
	Token   string      // that clients must send; "": none
	TLS     *tls.Config // of all clients; nil: none
	// AllowedHosts are names that requests may call the server by, beside localhost
	// and any address in digits; "*" allows every name.
	AllowedHosts []string
	AllowGetSet  bool   // GET /set writes, as POST /set does
	OTLP         string // URL of the receiver of traces; "": no tracing

	// MaxConnections are open at each front at a time; one more is refused. Less, if
	// the process may not open so many files: see connections. Default 10,000.
	MaxConnections int

	// Gives says why the engine, as Open opens it, cannot give writes a durability level;
	// settings that ask for it are refused then. Nil: it gives all.
	Gives func(kv.Durability) error

	Settings settings.Settings
	// SettingsFile holds settings that go over Settings; it is loaded again when
	// it changes and at each Hangup. "": none.
	SettingsFile string
	Hangup       <-chan os.Signal

	Log   *slog.Logger   // default: nothing is logged
	Level *slog.LevelVar // of Log, set as the settings say; or nil

	Timeouts Timeouts
}

// Timeouts bound what a client may hold. The zero value of each takes its
// default.
type Timeouts struct {
	Header time.Duration // to send the header of a request; default 5 s
	Read   time.Duration // to send a whole request; default 30 s
	Write  time.Duration // to take an answer, or each part of a scan; default 30 s
	Idle   time.Duration // between requests; default 2 min
	Stop   time.Duration // for requests under way when the server stops; default 5 s
}

func (c Config) withDefaults() Config {
	for _, t := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.Timeouts.Header, 5 * time.Second},
		{&c.Timeouts.Read, 30 * time.Second},
		{&c.Timeouts.Write, 30 * time.Second},
		{&c.Timeouts.Idle, 2 * time.Minute},
		{&c.Timeouts.Stop, 5 * time.Second},
	} {
		if *t.field == 0 {
			*t.field = t.value
		}
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = 10_000
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Level == nil {
		c.Level = new(slog.LevelVar)
	}
	return c
}

// connections returns how many connections each front may have. A quarter of the
// files that the process may open is left to the engine: connections must not
// take what a flush needs.
func (c Config) connections() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return c.MaxConnections
	}
	fronts := uint64(1)
	for _, addr := range []string{c.RESPAddr, c.AdminAddr} {
		if addr != "" {
			fronts++
		}
	}
	room := max(1, (limit.Cur-limit.Cur/4)/fronts)
	if room >= uint64(c.MaxConnections) {
		return c.MaxConnections
	}
	c.Log.Info("the limit of open files lowers that of connections",
		"max_connections", c.MaxConnections, "each_front", room, "open_files", limit.Cur)
	return int(room)
}

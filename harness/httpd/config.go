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
	// Open opens the engine. The server calls it when it already listens, because
	// recovery may take long, and clients are told this meanwhile. If the engine knows
	// how far the opening is, it calls opening, and gives up with the error that
	// opening returns.
	Open func(opening func(kv.OpenProgress) error) (kv.Engine, error)

	Engine string // name for metrics and traces

	Addr      string // address for clients; port 0 chooses a free one
	RESPAddr  string // address for clients that speak the Redis protocol; "" for none
	AdminAddr string // address for pprof, vars and checkpoints; "" for none
	// Backups is the directory in which POST /checkpoint makes copies of the store. The
	// first checkpoint makes the directory. "" for no checkpoints.
	Backups string
	Token   string      // which clients must send; "" for none
	TLS     *tls.Config // for all clients; nil for no TLS
	// AllowedHosts are the names by which requests may call the server, beside
	// localhost and addresses in digits. "*" allows every name.
	AllowedHosts []string
	AllowGetSet  bool   // GET /set may write, like POST /set
	OTLP         string // URL of the receiver of traces; "" for no tracing

	// MaxConnections is how many connections each front may have open; further ones are
	// refused. It is less if the process may not open so many files: see connections.
	// Default 10,000.
	MaxConnections int

	// Gives returns the reason why the engine, as Open opens it, cannot give a
	// durability level to writes. Settings that ask for such a level are refused. If
	// Gives is nil, the engine gives all levels.
	Gives func(kv.Durability) error

	Settings settings.Settings
	// SettingsFile holds settings that replace parts of Settings. It is loaded again
	// when it changes, and at each Hangup. "" stands for no file.
	SettingsFile string
	Hangup       <-chan os.Signal

	Log   *slog.Logger   // default: nothing is logged
	Level *slog.LevelVar // the level of Log, which the settings set; or nil

	Timeouts Timeouts
}

// Timeouts limit how long a client may occupy the server. A zero field stands for its
// default.
type Timeouts struct {
	Header time.Duration // to send the header of a request; default 5 s
	Read   time.Duration // to send a whole request; default 30 s
	Write  time.Duration // to read an answer, or each part of a scan; default 30 s
	Idle   time.Duration // between requests; default 2 min
	Stop   time.Duration // for running requests when the server stops; default 5 s
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

// connections returns how many connections each front may have. It leaves a quarter of
// the files that the process may open to the engine, because connections must not use
// up the descriptors that a flush needs.
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

// Package settings has the settings that a running server can change: limits, rate,
// circuit breaker, log level. A file of settings is JSON. A field that it leaves out
// keeps its default, and an unknown field is an error.
//
//	{
//	  "durability": "synced",
//	  "log_level": "debug",
//	  "limits": {"body_bytes": 1048576, "scan_entries": 1000, "held_bytes": 268435456,
//	             "transactions": 1000, "transaction_time": "10s"},
//	  "rate": {"requests_per_second": 5000, "burst": 500},
//	  "breaker": {"failure_ratio": 0.5, "min_requests": 20, "window": "10s", "open": "5s", "slow": "2s"},
//	  "fallback": "busy, try again later",
//	  "trace_ratio": 0.01
//	}
package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"lsmlab/engines/kv"
)

// Settings are one consistent set. They must not be changed once they are in use.
type Settings struct {
	// Durability is the level of writes whose request names none. It does not change
	// whether reads wait until what they see is durable: that is decided when the store
	// is opened.
	Durability kv.Durability `json:"durability"`
	LogLevel   slog.Level    `json:"log_level"`
	Limits     Limits        `json:"limits"`
	Rate       Rate          `json:"rate"`
	Breaker    Breaker       `json:"breaker"`
	// Fallback is the text of the answer to a request that is refused because the rate
	// is exceeded or the breaker is open.
	Fallback string `json:"fallback"`
	// TraceRatio is the share, 0 to 1, of requests to trace among those that their
	// caller does not trace.
	TraceRatio float64 `json:"trace_ratio"`
}

// Limits restrict the work of one request; HeldBytes restricts the memory of all.
type Limits struct {
	BodyBytes   int64 `json:"body_bytes"`   // gRPC keeps the value with which the server was started
	ScanEntries int   `json:"scan_entries"` // also the limit of a scan that asks for none
	// HeldBytes is how many bytes of large answers the server holds for clients that
	// have not read them yet, and as many again of large requests: see package service.
	HeldBytes int64 `json:"held_bytes"`
	// Transactions may be open at most, each for so long.
	Transactions    int      `json:"transactions"`
	TransactionTime Duration `json:"transaction_time"`
}

// Rate is a token bucket over all requests.
type Rate struct {
	RequestsPerSecond float64 `json:"requests_per_second"` // 0 for no limit
	Burst             int     `json:"burst"`
}

// Breaker says when requests are refused because too many failed. Reads and writes are
// counted separately.
type Breaker struct {
	FailureRatio float64  `json:"failure_ratio"` // share of the requests in a window
	MinRequests  uint32   `json:"min_requests"`  // requests in a window from which the ratio counts
	Window       Duration `json:"window"`
	Open         Duration `json:"open"` // time until a few requests may try again
	Slow         Duration `json:"slow"` // a call that takes longer counts as failed
}

// Duration is a time that is written as in Go: "1m30s".
type Duration struct{ time.Duration }

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) (err error) {
	d.Duration, err = time.ParseDuration(string(text))
	return err
}

// Default returns the settings of a server that was given none.
func Default() Settings {
	return Settings{
		Durability: kv.Buffered,
		Limits: Limits{
			BodyBytes: 32 << 20, ScanEntries: 100_000, HeldBytes: 256 << 20,
			Transactions: 1000, TransactionTime: Duration{10 * time.Second},
		},
		Rate: Rate{Burst: 1000},
		Breaker: Breaker{
			FailureRatio: 0.5, MinRequests: 20,
			Window: Duration{10 * time.Second}, Open: Duration{5 * time.Second}, Slow: Duration{5 * time.Second},
		},
		Fallback:   "the server sheds load, try again later",
		TraceRatio: 1,
	}
}

// Load returns the given settings, changed by the fields in file.
func Load(file string, over Settings) (Settings, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return over, fmt.Errorf("settings: %w", err)
	}
	s, err := parse(data, over)
	if err != nil {
		return over, fmt.Errorf("settings %s: %w", file, err)
	}
	return s, nil
}

func parse(data []byte, over Settings) (Settings, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	s := over
	if err := d.Decode(&s); err != nil {
		return over, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return over, fmt.Errorf("more than one JSON value, from byte %d on", d.InputOffset())
	}
	if err := s.check(); err != nil {
		return over, err
	}
	return s, nil
}

// check refuses values that cannot work. The error names field and value.
func (s Settings) check() error {
	for _, f := range []struct {
		name            string
		value, at, most float64
	}{
		{"limits.body_bytes", float64(s.Limits.BodyBytes), 1, kv.MaxBatchSize},
		{"limits.scan_entries", float64(s.Limits.ScanEntries), 1, 1e9},
		{"limits.held_bytes", float64(s.Limits.HeldBytes), 1, 1e15},
		{"limits.transactions", float64(s.Limits.Transactions), 0, 1e9},
		{"limits.transaction_time in seconds", s.Limits.TransactionTime.Seconds(), 0.01, 3600},
		{"rate.requests_per_second", s.Rate.RequestsPerSecond, 0, 1e9},
		{"rate.burst", float64(s.Rate.Burst), 1, 1e9},
		{"breaker.failure_ratio", s.Breaker.FailureRatio, 0.01, 1},
		{"breaker.min_requests", float64(s.Breaker.MinRequests), 1, 1e9},
		{"breaker.window in seconds", s.Breaker.Window.Seconds(), 0.01, 3600},
		{"breaker.open in seconds", s.Breaker.Open.Seconds(), 0.01, 3600},
		{"breaker.slow in seconds", s.Breaker.Slow.Seconds(), 0.001, 3600},
		{"trace_ratio", s.TraceRatio, 0, 1},
	} {
		if !(f.value >= f.at && f.value <= f.most) {
			return fmt.Errorf("%s is %g, want %g to %g", f.name, f.value, f.at, f.most)
		}
	}
	return nil
}

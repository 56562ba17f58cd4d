package settings

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lsmlab/engines/kv"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.json")
	write(t, file, `{"durability": "synced", "log_level": "debug", "rate": {"requests_per_second": 7.5}, "breaker": {"open": "1m30s"}}`)
	got, err := Load(file, Default())
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Durability, want.LogLevel, want.Rate.RequestsPerSecond = kv.Synced, slog.LevelDebug, 7.5
	want.Breaker.Open.Duration = 90 * time.Second
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	all, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(all))
	if got, err := Load(file, Default()); err != nil || got != want {
		t.Errorf("all written and read: %+v, %v", got, err)
	}
	if err := Default().check(); err != nil {
		t.Error(err)
	}
}

// TestRefused: the error names the file and what is wrong, and the given settings
// come back.
func TestRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.json")
	for text, want := range map[string]string{
		"":                                     "EOF",
		"{":                                    "EOF",
		"{} {}":                                "more than one JSON value",
		`{"rates": {}}`:                        `unknown field "rates"`,
		`{"durability": "fast"}`:               "want volatile, buffered or synced",
		`{"log_level": "loud"}`:                "loud",
		`{"breaker": {"open": "5"}}`:           "missing unit",
		`{"breaker": {"open": "-5s"}}`:         "breaker.open in seconds is -5, want 0.01 to 3600",
		`{"limits": {"body_bytes": 0}}`:        "limits.body_bytes is 0",
		`{"rate": {"burst": 0}}`:               "rate.burst is 0",
		`{"trace_ratio": 2}`:                   "trace_ratio is 2, want 0 to 1",
		`{"limits": {"scan_entries": "many"}}`: "limits.scan_entries",
	} {
		write(t, file, text)
		got, err := Load(file, Default())
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), file) || got != Default() {
			t.Errorf("%s: %v, want %q; %+v", text, err, want, got)
		}
	}
	if _, err := Load(file+"x", Default()); !os.IsNotExist(err) && !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
}

// TestWatch changes a file in the ways that editors, copies and orchestrators do.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "settings.json")
	write(t, file, "0")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	changed := make(chan struct{}, 100)
	if err := Watch(ctx, file, func() { changed <- struct{}{} }); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func() error{
		"written": func() error { return os.WriteFile(file, []byte("1"), 0o644) },
		"renamed over": func() error {
			write(t, file+".new", "2")
			return os.Rename(file+".new", file)
		},
		"removed": func() error { return os.Remove(file) },
		"linked":  func() error { return os.Symlink(filepath.Join(dir, "elsewhere"), file+".link") },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changed:
		case <-time.After(30 * time.Second):
			t.Fatalf("%s: not seen", name)
		}
	}
	if err := Watch(ctx, filepath.Join(dir, "none", "x"), func() {}); err == nil {
		t.Error("a directory that is not there is watched")
	}
}

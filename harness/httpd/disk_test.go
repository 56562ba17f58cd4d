package httpd

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"lsmlab/engines/kv"
)

// TestDiskWatch: a disk that gets low is told once, and so is that it has room again;
// an engine that does not know its disk is never low.
func TestDiskWatch(t *testing.T) {
	var log bytes.Buffer
	w := diskWatch{log: slog.New(slog.NewTextHandler(&log, nil))}
	for _, m := range []kv.Metrics{
		{},
		{DiskFreeBytes: 500, DiskLowBytes: 100},
		{DiskFreeBytes: 99, DiskLowBytes: 100},
		{DiskFreeBytes: 0, DiskLowBytes: 100},
		{DiskFreeBytes: 100, DiskLowBytes: 100},
		{},
	} {
		w.look(m)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "level=WARN") || !strings.Contains(lines[0], "free_bytes=99 low_bytes=100") ||
		!strings.Contains(lines[1], "level=INFO") {
		t.Errorf("log:\n%s", &log)
	}
}

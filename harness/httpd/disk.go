package httpd

import (
	"context"
	"log/slog"
	"time"

	"lsmlab/engines/kv"
)

// diskWatchInterval is how often the server checks the free room on the disk.
const diskWatchInterval = 5 * time.Second

// diskWatch logs when the room on the disk becomes low, and when there is enough again.
type diskWatch struct {
	log *slog.Logger
	low bool
}

// run checks the room until ctx ends.
func (w *diskWatch) run(ctx context.Context, metrics func() kv.Metrics) {
	ticker := time.NewTicker(diskWatchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.look(metrics())
		}
	}
}

// look compares the free bytes with the limit that the engine states, if it states one.
func (w *diskWatch) look(m kv.Metrics) {
	low := m.DiskFreeBytes < m.DiskLowBytes
	switch {
	case low && !w.low:
		w.log.Warn("the disk is nearly full: free some of it, or writes will be refused", "free_bytes", m.DiskFreeBytes, "low_bytes", m.DiskLowBytes)
	case !low && w.low:
		w.log.Info("the disk has room again", "free_bytes", m.DiskFreeBytes)
	}
	w.low = low
}

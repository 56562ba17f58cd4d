package httpd

import (
	"context"
	"sync"

	"lsmlab/harness/httpd/settings"
)

// reloader gives the store new settings from a file. They replace parts of the settings
// with which the server was started.
type reloader struct {
	server *Server
	mu     sync.Mutex
	inUse  settings.Settings
}

// watch loads the settings again after each change of the file and after each hangup,
// until ctx ends.
func (r *reloader) watch(ctx context.Context) error {
	c := r.server.config
	if c.SettingsFile == "" {
		return nil
	}
	if err := settings.Watch(ctx, c.SettingsFile, r.reload); err != nil {
		return err
	}
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-c.Hangup:
				r.reload()
			}
		}
	}()
	return nil
}

// reload loads the settings. If the file is bad, the settings in use stay.
func (r *reloader) reload() {
	if err := r.load(); err != nil {
		r.server.config.Log.Error("the settings file is refused, the settings in use stay", "error", err)
	}
}

// load uses the content of the file if it is new.
func (r *reloader) load() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.server.config
	next := c.Settings
	if c.SettingsFile != "" {
		var err error
		if next, err = settings.Load(c.SettingsFile, next); err != nil {
			return err
		}
	}
	if next == r.inUse {
		return nil
	}
	if c.Gives != nil {
		if err := c.Gives(next.Durability); err != nil {
			return err
		}
	}
	r.inUse = next
	c.Level.Set(next.LogLevel)
	r.server.store.Use(next)
	if c.SettingsFile != "" {
		c.Log.Info("settings in use", "file", c.SettingsFile, "settings", next)
	}
	return nil
}

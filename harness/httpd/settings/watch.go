package settings

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a file must be left alone before it is read: editors and
// copies write in several steps.
const settle = 100 * time.Millisecond

// Watch calls changed after file was changed, removed or replaced, one call at a
// time, until ctx ends. It watches the directory, so that a file that is put in
// place by a rename or through a link is seen too; changes of its neighbours
// may lead to calls without a cause.
func Watch(ctx context.Context, file string, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", file, err)
	}
	if err := w.Add(filepath.Dir(file)); err != nil {
		_ = w.Close()
		return fmt.Errorf("watch %s: %w", file, err)
	}
	go func() {
		defer func() { _ = w.Close() }()
		var quiet <-chan time.Time
		for {
			select {
			case <-ctx.Done():
				return
			case _, open := <-w.Errors:
				if !open {
					return
				}
				// Events were lost: look.
				quiet = time.After(settle)
			case <-w.Events:
				quiet = time.After(settle)
			case <-quiet:
				quiet = nil
				changed()
			}
		}
	}()
	return nil
}

package settings

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quietTime is how long a file must stay unchanged before it is read: editors and copies
// write in several steps.
const quietTime = 100 * time.Millisecond

// Watch calls changed after file was changed, removed or replaced, one call at a time,
// until ctx ends. It watches the directory. So it also sees a file that is put in place
// by a rename or through a link. Changes of neighbouring files may cause unnecessary
// calls.
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
				// Events were lost, so the file may have changed.
				quiet = time.After(quietTime)
			case <-w.Events:
				quiet = time.After(quietTime)
			case <-quiet:
				quiet = nil
				changed()
			}
		}
	}()
	return nil
}

package httpd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"lsmlab/harness/backup"
	"lsmlab/harness/httpd/rest"
	"lsmlab/harness/httpd/service"
)

// checkpointName is a name of one directory, on any file system.
var checkpointName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// checkpoint copies the store to a directory below the one for backups, called by the
// parameter name or else by the time.
func (s *Server) checkpoint(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	dir, err := s.newCheckpoint(r.URL.Query().Get("name"), start)
	if err != nil {
		p := service.Classify(err)
		if errors.Is(err, fs.ErrExist) {
			p.Status, p.Kind = http.StatusConflict, "exists"
		}
		rest.WriteProblem(w, r, p)
		return
	}
	s.config.Log.Info("checkpoint", "dir", dir, "took", time.Since(start))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(backup.Checkpoint{Dir: dir, Engine: s.config.Engine, Seconds: time.Since(start).Seconds()})
}

func (s *Server) newCheckpoint(name string, now time.Time) (dir string, err error) {
	if s.config.Backups == "" {
		return "", service.BadRequestf("the server was started without a directory for backups")
	}
	if name == "" {
		name = now.UTC().Format("20060102-150405.000000")
	}
	if !checkpointName.MatchString(name) {
		return "", service.BadRequestf("name %.120q: want letters, digits, dots, dashes and underscores, 100 at most", name)
	}
	if dir, err = filepath.Abs(filepath.Join(s.config.Backups, name)); err != nil {
		return "", err
	}
	if err := os.MkdirAll(s.config.Backups, 0o755); err != nil {
		return "", fmt.Errorf("directory for backups: %w", err)
	}
	return dir, s.store.Checkpoint(dir)
}

package rundir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Recordings are read by the run directory, the directory of one, or a file in that.
func TestRecordings(t *testing.T) {
	type recording struct {
		What string `json:"what"`
		dir  string
	}
	run := t.TempDir()
	for n, what := range []string{"one", "two"} {
		dir := RecordingDir(run, n+1)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := SaveRecording(dir, &recording{What: what}); err != nil {
			t.Fatal(err)
		}
	}
	second := RecordingDir(run, 2)
	read := func(path string) (string, error) {
		all, err := ReadRecordings(path, func(dir string) *recording { return &recording{dir: dir} }, func(r *recording) error {
			_, err := os.Stat(r.dir)
			return err
		})
		text := ""
		for _, r := range all {
			text += r.What + " "
		}
		return text, err
	}
	for path, want := range map[string]string{run: "one two ", second: "two ", filepath.Join(second, recordingName): "two "} {
		if got, err := read(path); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", path, got, err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(second, recordingName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{t.TempDir(): "no recording there", filepath.Join(run, "no"): "no such file", second: second} {
		if _, err := read(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

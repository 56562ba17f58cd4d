package rundir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// recordingName is the file that says what was recorded, beside its log.
const recordingName = "recording.json"

// recordingsName is the directory of the recordings in a run directory.
const recordingsName = "recordings"

// RecordingDir returns the directory of recording n, from 1 on, in a run directory.
func RecordingDir(run string, n int) string {
	return filepath.Join(run, recordingsName, fmt.Sprintf("%03d", n))
}

// SaveRecording writes what was recorded, as JSON, into the directory of a recording.
func SaveRecording(dir string, recording any) error {
	return writeJSON(filepath.Join(dir, recordingName), recording)
}

// ReadRecordings reads the recordings at path: a file of one, its directory, or a run
// directory with several. fresh returns what the JSON of the one in dir is read into,
// and whole reads what is missing in that, such as the log.
func ReadRecordings[R any](path string, fresh func(dir string) *R, whole func(*R) error) (all []*R, err error) {
	dirs, err := recordingDirs(path)
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		r := fresh(dir)
		data, err := os.ReadFile(filepath.Join(dir, recordingName))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: no recording there: want the run directory of a run that records, or the directory of a recording in one", dir)
		}
		if err == nil {
			err = json.Unmarshal(data, r)
		}
		if err == nil {
			err = whole(r)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		all = append(all, r)
	}
	return all, nil
}

func recordingDirs(path string) (dirs []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		path = filepath.Dir(path)
	}
	names, err := filepath.Glob(filepath.Join(path, recordingsName, "*", recordingName)) // sorted
	if err != nil || len(names) == 0 {
		return []string{path}, err
	}
	for _, name := range names {
		dirs = append(dirs, filepath.Dir(name))
	}
	return dirs, nil
}

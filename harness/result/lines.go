package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// lineWriter appends JSON values to a file, one a line.
type lineWriter struct{ f *os.File }

// openLines opens a file for appending. A torn last line, left by a crash, is cut
// off.
func openLines(path string) (*lineWriter, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := cutTornLine(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &lineWriter{f}, nil
}

// cutTornLine truncates f after its last newline and stands at its end.
func cutTornLine(f *os.File) error {
	b, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	whole := int64(bytes.LastIndexByte(b, '\n') + 1)
	if whole < int64(len(b)) {
		if err := f.Truncate(whole); err != nil {
			return err
		}
	}
	_, err = f.Seek(whole, io.SeekStart)
	return err
}

// append adds one value and syncs. After an error the file may end in half a
// line.
func (w *lineWriter) append(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", w.f.Name(), err)
	}
	if _, err := w.f.Write(append(line, '\n')); err != nil {
		return err
	}
	return w.f.Sync()
}

// Close closes the file.
func (w *lineWriter) Close() error { return w.f.Close() }

// readLines returns the values of a file in the order in which their IDs first
// appeared, the last of each ID, and what was left out. A file that is not there
// has none. key tells a value's ID and its status, which are never empty.
func readLines[T any](path string, key func(T) (id, status string)) (values []T, warnings []string, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	index := map[string]int{}
	for n := 1; len(b) > 0; n++ {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole {
			warnings = append(warnings, fmt.Sprintf("%s:%d: torn last line of %d bytes left out: the run was cut while writing it",
				path, n, len(line)))
			break
		}
		b = rest
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, nil, &DamageError{Path: path, Line: n, What: err.Error()}
		}
		id, status := key(v)
		if id == "" || status == "" {
			return nil, nil, &DamageError{Path: path, Line: n, What: "no id or no status"}
		}
		if i, seen := index[id]; seen {
			values[i] = v
			continue
		}
		index[id] = len(values)
		values = append(values, v)
	}
	return values, warnings, nil
}

package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Line is the outcome of one cell.
type Line interface {
	// Key returns the name of the cell within its run and how the cell ended. Neither is
	// ever empty.
	Key() (id, status string)
	// Failed says whether a run that goes on should run the cell again.
	Failed() bool
}

// Lines appends to a file, one JSON value a line. It is not safe for concurrent use.
type Lines[L Line] struct{ f *os.File }

// OpenLines opens a file for appending and makes it if it is missing. A torn last
// line, left by a crash, is cut off.
func OpenLines[L Line](path string) (*Lines[L], error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := cutTornLine(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Lines[L]{f}, nil
}

// cutTornLine truncates f after its last newline and moves to its end.
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

// Append adds one line and syncs. After an error the file must be closed: it may end
// in half a line, which the next reader leaves out.
func (w *Lines[L]) Append(line L) error {
	id, _ := line.Key()
	b, err := json.Marshal(line)
	if err == nil {
		_, err = w.f.Write(append(b, '\n'))
	}
	if err == nil {
		err = w.f.Sync()
	}
	if err != nil {
		return fmt.Errorf("%s: cell %s: %w", w.f.Name(), id, err)
	}
	return nil
}

// Close closes the file, whose lines are synced already.
func (w *Lines[L]) Close() error { return w.f.Close() }

// ReadLines returns the lines of a file in the order in which their cells first
// appeared, the last line of each cell, and what was left out. A file that is not
// there has none.
func ReadLines[L Line](path string) (lines []L, warnings []string, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	index := map[string]int{}
	for n := 1; len(b) > 0; n++ {
		text, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole {
			warnings = append(warnings, fmt.Sprintf("%s:%d: torn last line of %d bytes left out: the run was cut while writing it",
				path, n, len(text)))
			break
		}
		b = rest
		var line L
		if err := json.Unmarshal(text, &line); err != nil {
			return nil, nil, &DamageError{Path: path, Line: n, What: err.Error(), Err: err}
		}
		id, status := line.Key()
		if id == "" || status == "" {
			return nil, nil, &DamageError{Path: path, Line: n, What: "no id or no status"}
		}
		if i, seen := index[id]; seen {
			lines[i] = line
			continue
		}
		index[id] = len(lines)
		lines = append(lines, line)
	}
	return lines, warnings, nil
}

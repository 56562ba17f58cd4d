package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// DamageError says that a file of a run holds something that no writer leaves there.
type DamageError struct {
	Path   string
	Line   int   // from 1; 0 if Offset counts
	Offset int64 // bytes from the start of the file
	What   string
}

func (e *DamageError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: damaged: %s", e.Path, e.Line, e.What)
	}
	return fmt.Sprintf("%s: damaged at offset %d: %s", e.Path, e.Offset, e.What)
}

// WriteJSON writes v, indented, so that the file is either the old or the new one.
func WriteJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return WriteFile(path, append(b, '\n'))
}

// WriteFile writes a file under a temporary name beside it, syncs it and
// renames it into place, so that the file is either the old or the new one.
func WriteFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// ReadJSON reads one JSON value; strict refuses fields that v does not have.
func ReadJSON(path string, v any, strict bool) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return ParseJSON(path, b, v, strict)
}

// ParseJSON is [ReadJSON] of content that is at hand; path names it in errors.
func ParseJSON(path string, b []byte, v any, strict bool) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(v); err != nil {
		return &DamageError{Path: path, Line: lineAt(b, d.InputOffset()), What: err.Error()}
	}
	if _, err := d.Token(); err != io.EOF {
		return &DamageError{Path: path, Line: lineAt(b, d.InputOffset()), What: "more after the end of the value"}
	}
	return nil
}

func lineAt(b []byte, offset int64) int {
	return 1 + bytes.Count(b[:min(offset, int64(len(b)))], []byte("\n"))
}

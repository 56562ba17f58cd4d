package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// DamageError says that a file of a run holds something that no writer leaves there.
type DamageError struct {
	Path   string
	Line   int   // from 1; 0 if Offset counts
	Offset int64 // bytes from the start of the file
	What   string
	Err    error // the cause, if another function told of it
}

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }

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
		return &DamageError{Path: path, Line: lineAt(b, offsetOf(err, d)), What: jsonFault(err), Err: err}
	}
	if _, err := d.Token(); err != io.EOF {
		return &DamageError{Path: path, Line: lineAt(b, d.InputOffset()), What: "more after the end of the value"}
	}
	return nil
}

func lineAt(b []byte, offset int64) int {
	return 1 + bytes.Count(b[:min(offset, int64(len(b)))], []byte("\n"))
}

// offsetOf returns where the decoder met the error.
func offsetOf(err error, d *json.Decoder) int64 {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return wrong.Offset
	}
	if wrong := (*json.SyntaxError)(nil); errors.As(err, &wrong) {
		return wrong.Offset
	}
	return d.InputOffset()
}

// jsonFault says what is wrong with a JSON value, to somebody who does not know the Go type
// that it is read into.
func jsonFault(err error) string {
	wrong := (*json.UnmarshalTypeError)(nil)
	if !errors.As(err, &wrong) || wrong.Field == "" {
		return strings.TrimPrefix(err.Error(), "json: ")
	}
	return fmt.Sprintf("field %s is %s: want %s", wrong.Field, given(wrong.Value), wanted(wrong.Type))
}

// wanted names the JSON values that a Go type is read from.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number from 0 on"
	case reflect.Pointer:
		return wanted(t.Elem())
	}
	return "a whole number" // all other kinds that fields of files have
}

// given names a JSON value, which encoding/json calls "string", "array" or "number 1.5".
func given(value string) string {
	switch {
	case strings.HasPrefix(value, "array"):
		return "a list"
	case strings.HasPrefix(value, "object"):
		return "an object"
	case strings.HasPrefix(value, "bool"):
		return "true or false"
	case strings.HasPrefix(value, "number "):
		return strings.TrimPrefix(value, "number ")
	}
	return "a " + value
}

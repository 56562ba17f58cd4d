package harness

import (
	"errors"
	"fmt"
)

// The outcomes of a command beside success. The command turns them into exit codes: 1
// for a finding, 130 for an interruption, 2 for every other error.
var (
	// ErrFinding says that the work was done, but that something is wrong with what was
	// measured: a cell failed, or a figure became worse.
	ErrFinding = errors.New("finding")
	// ErrInterrupted says that the work was stopped on request. What was measured
	// before is on disk.
	ErrInterrupted = errors.New("interrupted")
)

// UsageError is a request that makes no sense or an environment that can't serve
// it. Its text says what, with which value, and what to do.
type UsageError struct {
	Text string // all of the message, the cause's text included
	Err  error  // the cause; nil if the value itself is what is wrong
}

func (e *UsageError) Error() string { return e.Text }

// Unwrap returns the cause.
func (e *UsageError) Unwrap() error { return e.Err }

// FieldError says which field of a plan does not work. It knows nothing of flags: the
// command, which knows whether a flag set the field, adds the flag's name.
type FieldError struct {
	Field string // its name in JSON, such as "key_size"
	Err   error  // goes on after the field's name: "is -5: want 1 to 100"
}

func (e *FieldError) Error() string { return "plan: " + e.Field + " " + e.Err.Error() }

// Unwrap returns the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// wrong returns the error of a field.
func wrong(field, format string, args ...any) error {
	return &FieldError{field, fmt.Errorf(format, args...)}
}

func usagef(format string, args ...any) error { return &UsageError{Text: fmt.Sprintf(format, args...)} }

package harness

import (
	"errors"
	"fmt"

	"lsmlab/harness/field"
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

// wrong returns the error of a plan's field.
func wrong(name, format string, args ...any) error {
	return field.Wrong(field.Plan, name, format, args...)
}

// usagef returns a [*UsageError]. The format may wrap the cause.
func usagef(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &UsageError{Text: err.Error(), Err: errors.Unwrap(err)}
}

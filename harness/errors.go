package harness

import (
	"errors"
	"fmt"
)

// The outcomes of a command beside success. Package cmd turns them into exit
// codes: 1 for a finding, 130 for an interruption, 2 for everything else.
var (
	// ErrFinding says that the work was done and something is wrong with what was
	// measured: a cell failed, a figure regressed.
	ErrFinding = errors.New("finding")
	// ErrInterrupted says that the work was cut on request; what was measured is
	// on disk.
	ErrInterrupted = errors.New("interrupted")
)

// UsageError is a request that makes no sense or an environment that can't serve
// it. Its text says what, with which value, and what to do.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

func usagef(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

// Package field has the error of a value that a request has in one of its fields.
package field

import "fmt"

// Plan is of whom the fields of a race's plan are. Such a field comes from a flag or from a
// file, so that a command names its flag only if that flag was given.
const Plan = "plan"

// Error says which field of a request has a value that does not work. It knows nothing of
// flags: the command, which knows whether a flag set the field, adds the flag's name.
type Error struct {
	Of   string // what has the field, such as [Plan]
	Name string // of the field, as JSON has it: "key_size"
	Err  error  // the cause; its text goes on after the name: "is -5: want 1 to 100"
}

func (e *Error) Error() string { return e.Of + ": " + e.Name + " " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Wrong returns an [*Error]. The format, which may wrap a cause, is of the text after the
// field's name.
func Wrong(of, name, format string, args ...any) error {
	return &Error{of, name, fmt.Errorf(format, args...)}
}

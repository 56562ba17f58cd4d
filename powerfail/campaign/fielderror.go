package campaign

import "fmt"

// FieldError says which option of a campaign has a value that does not work. It knows
// nothing of flags: a command that sets the option by one adds the flag's name.
type FieldError struct {
	Field string // such as "disk_size"
	Err   error  // goes on after the field's name: "is 0: want 1 or more"
}

func (e *FieldError) Error() string { return "campaign: " + e.Field + " " + e.Err.Error() }

// Unwrap returns the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// Wrong returns the error of a field. The format may wrap a cause.
func Wrong(field, format string, args ...any) error {
	return &FieldError{field, fmt.Errorf(format, args...)}
}

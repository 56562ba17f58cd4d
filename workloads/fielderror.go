package workloads

import "fmt"

// FieldError says which field of a [Spec] has a value that does not work. It knows
// nothing of commands: a program that sets the field by a flag adds the flag's name.
type FieldError struct {
	Workload string
	Field    string // its name in JSON, such as "key_size"
	Err      error  // goes on after the field's name: "is 7: want 8 to 65535"
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("workload %s: %s %v", e.Workload, e.Field, e.Err)
}

// Unwrap returns the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// wrong returns the error of a field.
func (s Spec) wrong(field, format string, args ...any) error {
	return &FieldError{s.Workload, field, fmt.Errorf(format, args...)}
}

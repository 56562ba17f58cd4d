package faults

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// File is a set of faults with their schedule.
type File struct {
	Name   string
	Faults []Fault
}

// Fault is something that goes wrong for some time.
type Fault struct {
	Name     string
	Kind     Kind
	Target   Target
	Start    time.Duration // from the start of the run
	Duration time.Duration // 0 for Kill and PowerCut, which have no duration
	Every    time.Duration // 0 if the fault occurs once
	Times    int           // how often it occurs, with Every; 0 means until the run ends
	Action   Action
}

// Target stands for everything that has every label, or for some of it.
type Target struct {
	Labels    map[string]string // never empty
	Pick      Pick
	Container string // "" leaves the choice to the executor
}

// Pick says how many of the targets are affected. The zero value means all of them. At
// most one field is set.
type Pick struct {
	Count   int
	Percent int
}

// Read reads the file at path; see Parse.
func Read(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return f, nil
}

// Parse reads a fault file. Its error joins everything that is wrong in data. Each part
// names the field, its value and what is valid.
func Parse(data []byte) (*File, error) {
	var errs []error
	top := newObject("", data, &errs)
	f := &File{Name: required(top, "name", dnsLabel)}
	names := make(map[string]bool)
	for i, raw := range required(top, "faults", elements) {
		o := newObject(fmt.Sprintf("faults[%d]", i), raw, &errs)
		fault := parseFault(o)
		if names[fault.Name] && fault.Name != "" {
			o.fail("name", fmt.Sprintf("%q", fault.Name), "a name that no other fault has")
		}
		names[fault.Name] = true
		f.Faults = append(f.Faults, fault)
	}
	top.finish("a fault file")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return f, nil
}

var elements = parser[[]json.RawMessage]{"an array of at least one fault", func(raw json.RawMessage) ([]json.RawMessage, bool) {
	var all []json.RawMessage
	err := json.Unmarshal(raw, &all)
	return all, err == nil && len(all) > 0
}}

func parseFault(o *object) Fault {
	f := Fault{
		Name:   required(o, "name", dnsLabel),
		Kind:   required(o, "kind", oneOf(Kinds()...)),
		Target: parseTarget(o, "target"),
		Start:  optional(o, "start", 0, between(0, week)),
	}
	if f.Kind == "" {
		return f // which fields are valid is unknown
	}
	if !f.Kind.Instant() {
		f.Duration = required(o, "duration", between(time.Millisecond, week))
	}
	f.Every = optional(o, "every", 0, between(max(f.Duration, time.Second), week))
	if f.Every > 0 {
		f.Times = optional(o, "times", 0, upTo(1_000_000))
	}
	f.Action = actions[f.Kind](o)
	what := fmt.Sprintf("kind %q", f.Kind)
	if f.Every == 0 {
		what += " without every"
	}
	o.finish(what)
	return f
}

// parseTarget reads the target in a field that is required.
func parseTarget(o *object, name string) Target {
	raw := required(o, name, anything)
	if raw == nil {
		return Target{}
	}
	t := newObject(o.path(name), bytes.TrimSpace(raw), o.errs)
	target := Target{
		Labels:    required(t, "labels", labels),
		Pick:      optional(t, "pick", Pick{}, pick),
		Container: optional(t, "container", "", dnsLabel),
	}
	t.finish("a target")
	return target
}

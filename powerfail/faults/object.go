package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// object is a JSON object that is read field by field. Errors are appended to errs. A
// field with an error reads as its zero value.
type object struct {
	at    string // the path to the object; "" for the whole file
	raw   map[string]json.RawMessage
	order []string // the fields in the order of the file
	known []string // the fields that were asked for
	errs  *[]error
}

// parser reads one value; want says what is valid.
type parser[T any] struct {
	want  string
	parse func(json.RawMessage) (T, bool)
}

func newObject(at string, data []byte, errs *[]error) *object {
	o := &object{at: at, raw: make(map[string]json.RawMessage), errs: errs}
	if err := o.decode(data); err != nil {
		where := at
		if where == "" {
			where = "the file"
		}
		o.raw = nil
		*errs = append(*errs, fmt.Errorf("%s: %s: want a JSON object: %w", where, shorten(data), err))
	}
	return o
}

// decode splits the object into fields by hand, because encoding/json silently takes
// the last of two fields with the same name.
func (o *object) decode(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil {
		return err
	} else if t != json.Delim('{') {
		return fmt.Errorf("it begins with %v", t)
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name := t.(string) // a decoder returns only strings as keys
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		if _, twice := o.raw[name]; twice {
			o.fail(name, shorten(raw), "the field once")
			continue
		}
		o.raw[name] = raw
		o.order = append(o.order, name)
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something follows at byte %d", d.InputOffset())
	}
	return nil
}

func (o *object) path(name string) string {
	if o.at == "" {
		return name
	}
	return o.at + "." + name
}

func (o *object) fail(name, value, want string) {
	*o.errs = append(*o.errs, fmt.Errorf("%s: %s: want %s", o.path(name), value, want))
}

func (o *object) has(name string) bool {
	o.known = append(o.known, name)
	_, ok := o.raw[name]
	return ok
}

// finish reports fields that nothing asked for. what names the object that has the
// valid ones.
func (o *object) finish(what string) {
	for _, name := range o.order {
		if !slices.Contains(o.known, name) {
			slices.Sort(o.known)
			valid := strings.Join(slices.Compact(o.known), ", ")
			o.fail(name, shorten(o.raw[name]), "no such field: those of "+what+" are "+valid)
		}
	}
}

func required[T any](o *object, name string, p parser[T]) T {
	if !o.has(name) {
		if o.raw != nil {
			o.fail(name, "missing", p.want)
		}
		var zero T
		return zero
	}
	return o.value(name, p.want, func(raw json.RawMessage) (any, bool) { return p.parse(raw) }).(T)
}

func optional[T any](o *object, name string, otherwise T, p parser[T]) T {
	if !o.has(name) {
		return otherwise
	}
	return required(o, name, p)
}

func (o *object) value(name, want string, parse func(json.RawMessage) (any, bool)) any {
	v, ok := parse(o.raw[name])
	if !ok {
		o.fail(name, shorten(o.raw[name]), want)
	}
	return v
}

// shorten returns a value in the form in which an error shows it.
func shorten(raw []byte) string {
	const most = 60
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		b.Reset()
		b.Write(bytes.TrimSpace(raw))
	}
	if s := []rune(b.String()); len(s) > most {
		return string(s[:most]) + "..."
	}
	if b.Len() == 0 {
		return "nothing"
	}
	return b.String()
}

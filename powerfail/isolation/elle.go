package isolation

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Histories of Jepsen, which Elle judges, are a list of maps, in EDN or JSON, one after
// the other or in one vector. Two of them are one transaction:
//
//	{:index 0, :type :invoke, :process 3, :f :txn, :value [[:append :x 1] [:r :y nil]]}
//	{:index 1, :type :ok,     :process 3, :f :txn, :value [[:append :x 1] [:r :y [2 5]]]}
//
// :type of the second says how it ended: :ok committed, :fail did not, and of :info nobody
// knows, as if there is no second. Operations are [:append KEY ELEMENT] with [:r KEY LIST],
// or [:w KEY VALUE] with [:r KEY VALUE]; nil is the empty list, or a register that was
// absent. Processes that are no numbers are no clients. Positions in the file are the clock:
// Jepsen writes a map when the thing happens.

// elleReader makes transactions of the maps.
type elleReader struct {
	each  func(Txn) error
	at    int64
	open  map[int]Txn // of each process the transaction that was invoked
	held  []Txn       // until the form is known
	form  OpKind      // ReadList or ReadValue, once it is known
	knows bool
}

// scanElle reads a history of Jepsen and calls each with the transactions, in the order
// in which they ended. rows yields its maps.
func scanElle(rows func(func(any) error) error, each func(Txn) error) error {
	e := &elleReader{each: each, open: map[int]Txn{}}
	if err := rows(e.row); err != nil {
		return err
	}
	for _, p := range slices.Sorted(maps.Keys(e.open)) {
		if err := e.end(p, Unknown, nil); err != nil {
			return fmt.Errorf("process %d, at the end: %w", p, err)
		}
	}
	if !e.knows { // nothing but reads of nothing
		return e.setForm(ReadList)
	}
	return nil
}

// row takes one map.
func (e *elleReader) row(v any) error {
	e.at++
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: want a map such as {:type :ok, :process 0, :f :txn, :value [[:append :x 1]]}", ednText(v))
	}
	process, err := strconv.Atoi(ednText(m["process"]))
	if err != nil {
		return nil // the nemesis
	}
	ops, isTxn := m["value"].([]any)
	switch event := strings.TrimPrefix(ednText(m["type"]), ":"); event {
	case "invoke":
		if _, twice := e.open[process]; twice {
			return fmt.Errorf("process %d invokes a transaction while it has one", process)
		}
		if !isTxn {
			return fmt.Errorf(":value %s: want operations such as [[:append :x 1]]", ednText(m["value"]))
		}
		t := Txn{Process: process, Begin: e.at}
		if t.Ops, err = elleOps(ops); err != nil {
			return err
		}
		e.open[process] = t
		return nil
	case "ok":
		if !isTxn {
			return fmt.Errorf(":value %s: want operations such as [[:append :x 1]]", ednText(m["value"]))
		}
		return e.end(process, Committed, ops)
	case "fail":
		return e.end(process, Aborted, nil)
	case "info":
		if _, open := e.open[process]; !open {
			return nil // no client said it
		}
		return e.end(process, Unknown, nil)
	default:
		return fmt.Errorf(":type %s: want :invoke, :ok, :fail or :info", event)
	}
}

// end ends the transaction of a process. Operations are those that its end names.
func (e *elleReader) end(process int, o Outcome, ops []any) (err error) {
	t, ok := e.open[process]
	if !ok {
		return fmt.Errorf("process %d ends a transaction that it did not invoke", process)
	}
	delete(e.open, process)
	t.Outcome, t.End = o, e.at
	if o == Committed {
		if t.Ops, err = elleOps(ops); err != nil {
			return err
		}
	} else { // what it read is not known
		t.Ops = slices.DeleteFunc(t.Ops, func(o Op) bool { return o.Kind == ReadList || o.Kind == ReadValue })
	}
	for i := range t.Ops {
		if o := &t.Ops[i]; !e.knows && (o.Kind != ReadValue || !o.Absent) {
			form := ReadValue
			if o.Kind == Append || o.Kind == ReadList {
				form = ReadList
			}
			if err := e.setForm(form); err != nil {
				return err
			}
		}
	}
	return e.give(t)
}

// setForm takes note of the form, and gives what was held for want of it.
func (e *elleReader) setForm(form OpKind) error {
	e.form, e.knows = form, true
	for _, t := range e.held {
		if err := e.give(t); err != nil {
			return err
		}
	}
	e.held = nil
	return nil
}

// give gives a transaction, its reads of nothing in the form of the history.
func (e *elleReader) give(t Txn) error {
	if !e.knows {
		e.held = append(e.held, t)
		return nil
	}
	for i := range t.Ops {
		if o := &t.Ops[i]; o.Kind == ReadValue && o.Absent && e.form == ReadList {
			*o = Op{Kind: ReadList, Key: o.Key}
		}
	}
	return e.each(t)
}

// elleOps makes operations of a value. Reads of nil are of registers.
func elleOps(all []any) (ops []Op, err error) {
	for i, v := range all {
		o, err := elleOp(v)
		if err != nil {
			return nil, fmt.Errorf("operation %d, %s: %w", i, ednText(v), err)
		}
		ops = append(ops, o)
	}
	return ops, nil
}

func elleOp(v any) (o Op, err error) {
	parts, ok := v.([]any)
	if !ok || len(parts) < 3 {
		return o, errors.New("want [KIND KEY VALUE]")
	}
	o.Key = ednText(parts[1])
	if _, isWord := parts[1].(ednWord); isWord {
		o.Key = strings.TrimPrefix(o.Key, ":")
	}
	switch kind := strings.TrimPrefix(ednText(parts[0]), ":"); kind {
	case "append":
		o.Kind = Append
	case "w":
		o.Kind = Write
	case "r":
		return o, elleRead(&o, parts[2])
	default:
		return o, fmt.Errorf("kind %s: want append, w or r", kind)
	}
	if o.Value, ok = parts[2].(int64); !ok {
		return o, fmt.Errorf("value %s: want a whole number", ednText(parts[2]))
	}
	return o, nil
}

func elleRead(o *Op, v any) error {
	o.Kind = ReadValue
	switch v := v.(type) {
	case nil:
		o.Absent = true
	case int64:
		o.Value = v
	case []any:
		o.Kind, o.List = ReadList, make([]int64, len(v))
		for i := range v {
			var ok bool
			if o.List[i], ok = v[i].(int64); !ok {
				return fmt.Errorf("list element %s: want a whole number", ednText(v[i]))
			}
		}
	default:
		return fmt.Errorf("value %s: want a whole number, a list of them or nil", ednText(v))
	}
	return nil
}

// ednRows calls each with the maps of a history in EDN.
func ednRows(r *bufio.Reader) func(each func(any) error) error {
	return func(each func(any) error) error {
		e := &ednReader{r: r, line: 1}
		for {
			v, err := e.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil {
				err = rowsOf(v, each)
			}
			if err != nil {
				return fmt.Errorf("line %d: %w", e.line, err)
			}
		}
	}
}

// jsonRows calls each with the maps of a history in JSON.
func jsonRows(r *bufio.Reader) func(each func(any) error) error {
	return func(each func(any) error) error {
		d := json.NewDecoder(r)
		d.UseNumber()
		for {
			var v any
			err := d.Decode(&v)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil {
				err = rowsOf(plainNumbers(v), each)
			}
			if err != nil {
				return fmt.Errorf("byte %d: %w", d.InputOffset(), err)
			}
		}
	}
}

// rowsOf calls each with a map, or with those of a vector.
func rowsOf(v any, each func(any) error) error {
	all, ok := v.([]any)
	if !ok {
		return each(v)
	}
	for i, m := range all {
		if err := each(m); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}

// plainNumbers replaces the numbers of a JSON value by those of EDN.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		return ednWord(v.String())
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plainNumbers(v[k])
		}
	}
	return v
}

// Package axes is the one table of the core's options by name. An axis is one choice,
// such as how tables are read. Its values are the possible choices.
//
// The name of an engine takes values as options, in any order:
//
//	lsm-bptree+pread+zstd+block=32K
//
// A value whose name belongs to one axis only may stand alone, or behind its axis
// (read=pread). Sizes, numbers, and words that several axes have, need the axis
// (bloom=none). Every choice has one canonical name, which leaves out defaults and
// keeps the order of the table. So the results of one engine never have two names.
package axes

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"lsmlab/engines/bytesize"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
)

// Axis is one choice of the core.
type Axis struct {
	Name   string // such as "read"
	About  string // what the choice changes
	Stored bool   // the choice shapes new files; without this, it changes only memory and system calls
	// Drops says that, with other values than the default, the engine drops
	// acknowledged writes by design, so that no crash test can judge what is left.
	Drops  bool
	Values []Value
	// Numbers say which numbers are values too, each kind with a prefix of its own if there
	// are several. Values then holds the default and the numbers that tests use.
	Numbers []*Number
}

// Default returns the value that an engine has whose name does not mention this axis.
func (a *Axis) Default() Value { return a.Values[0] }

// Value is one possible choice.
type Value struct {
	Name  string
	About string
	// Refuses are the durability levels that an engine with this value does not give.
	Refuses []kv.Durability
	needs   string // name of a value that this one requires, if any
	set     func(*lsm.Options)
}

// Gives says whether an engine with v gives a durability level.
func (v Value) Gives(d kv.Durability) bool { return !slices.Contains(v.Refuses, d) }

// Number describes the numbers that an axis takes as values.
type Number struct {
	Least, Most int64
	Bytes       bool   // they are sizes: 4K, 64M
	Durations   bool   // they are nanoseconds, written as 5s, 1m30s
	Prefix      string // stands before each, as in window:5s
	About       string // what they do, where the axis does not say it all
	value       func(n int64) Value
}

// Takes says in words which numbers are allowed.
func (n *Number) Takes() string { return n.format(n.Least) + " to " + n.format(n.Most) }

// format returns a number as it is written, without the prefix.
func (n *Number) format(v int64) string {
	switch {
	case n.Bytes:
		return strings.TrimSuffix(bytesize.Format(v), "iB")
	case n.Durations:
		text := time.Duration(v).String() // 5s, but 1m0s and 1h0m0s
		if strings.HasSuffix(text, "m0s") {
			text = strings.TrimSuffix(text, "0s")
		}
		if strings.HasSuffix(text, "h0m") {
			text = strings.TrimSuffix(text, "0m")
		}
		return text
	}
	return strconv.FormatInt(v, 10)
}

// parse returns the value that s stands for, in canonical form. ok is false if s is no
// number.
func (n *Number) parse(s string) (v Value, ok bool) {
	var number int64
	var err error
	s, ok = strings.CutPrefix(s, n.Prefix)
	switch {
	case n.Bytes:
		number, err = bytesize.Parse(s)
	case n.Durations:
		var d time.Duration
		d, err = time.ParseDuration(s)
		number = int64(d)
	default:
		number, err = strconv.ParseInt(s, 10, 64)
	}
	if !ok || err != nil || number < n.Least || number > n.Most {
		return Value{}, false
	}
	return n.named(number), true
}

// named returns the value with the canonical name of a number.
func (n *Number) named(number int64) Value {
	v := n.value(number)
	v.Name = n.Prefix + n.format(number)
	return v
}

// Table returns all axes, in the order of canonical names.
func Table() []Axis { return slices.Clone(table) }

// unique says whether a word is a value of exactly one axis, and not a number.
func unique(word string) bool {
	n := 0
	for i := range table {
		if !table[i].isNumber(word) {
			if slices.ContainsFunc(table[i].Values, func(v Value) bool { return v.Name == word }) {
				n++
			}
		}
	}
	return n == 1
}

// isNumber says whether a value of that name is one of the axis's numbers.
func (a *Axis) isNumber(name string) bool {
	_, ok := a.number(name)
	return ok
}

// number returns the value that a number stands for; ok is false if s is none of the axis's.
func (a *Axis) number(s string) (v Value, ok bool) {
	for _, n := range a.Numbers {
		if v, ok = n.parse(s); ok {
			return v, true
		}
	}
	return v, false
}

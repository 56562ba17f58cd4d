// Package axes is the one table of the core's options by name. An axis is one
// choice, such as how tables are read; its values are what there is to choose.
//
// The name of an engine takes values as options, in any order:
//
//	lsm-bptree+pread+zstd+block=32K
//
// A value that is a word of its own stands alone, or behind its axis (read=pread).
// Sizes, numbers and words that several axes have need the axis (bloom=none). Every
// choice has one canonical name, which leaves defaults out and keeps the order of the
// table: results of one engine never have two names.
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
	About  string // what it changes
	Stored bool   // it shapes new files; other axes change what happens in memory and by which calls
	// Drops says that with other values than the default acknowledged writes go by
	// design, so that no test of a crash can judge what is left.
	Drops  bool
	Values []Value
	// Number, if not nil, says that numbers are values too. Values then holds the
	// default and those that tests take.
	Number *Number
}

// Default returns the value that a name without this axis has.
func (a *Axis) Default() Value { return a.Values[0] }

// Value is one thing to choose.
type Value struct {
	Name  string
	About string
	// Refuses are the durability levels that an engine with this value does not give.
	Refuses []kv.Durability
	needs   string // value without which this one makes no sense, if any
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
	value       func(n int64) Value
}

// Takes says in words which numbers there are.
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

// parse returns the value that s is, in canonical form, or ok false.
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

func (n *Number) named(number int64) Value {
	v := n.value(number)
	v.Name = n.Prefix + n.format(number)
	return v
}

// Table returns all axes in the order in which canonical names have them.
func Table() []Axis { return slices.Clone(table) }

// unique says whether a word is a value of one axis alone, and no number.
func unique(word string) bool {
	n := 0
	for i := range table {
		if !table[i].IsNumber(word) {
			if slices.ContainsFunc(table[i].Values, func(v Value) bool { return v.Name == word }) {
				n++
			}
		}
	}
	return n == 1
}

// IsNumber says whether a value of that name is one of the axis's numbers.
func (a *Axis) IsNumber(name string) bool {
	if a.Number == nil {
		return false
	}
	_, ok := a.Number.parse(name)
	return ok
}

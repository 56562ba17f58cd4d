package lsm

import (
	"maps"
	"slices"
	"testing"

	"lsmlab/engines/kv"
)

// mostCommits is how many commits a history has: 7! orders are tried in no time.
const mostCommits = 7

// act is a step of a transaction, with what it read.
type act struct {
	kind       byte // 'g'et, 's'can, 'w'rite, 'd'elete, 'r'ange delete
	key, upper string
	value      string // that was read, or is written
	there      bool   // the key that was read
	found      contents
}

func (a *act) writes() bool { return a.kind == 'w' || a.kind == 'd' || a.kind == 'r' }

// covers says whether a write changes a key, or may.
func (a *act) covers(key string) bool {
	return a.key == key || a.kind == 'r' && a.key <= key && key < a.upper
}

// contents is what a store, or a range of it, holds.
type contents map[string]string

// in returns the part in [lower, upper).
func (c contents) in(lower, upper string) contents {
	part := maps.Clone(c)
	maps.DeleteFunc(part, func(key, _ string) bool { return key < lower || key >= upper })
	return part
}

// shows says whether a in this contents reads what it read. If a writes, it is done.
func (c contents) shows(a *act) bool {
	switch a.kind {
	case 'g':
		value, there := c[a.key]
		return there == a.there && value == a.value
	case 's':
		return maps.Equal(c.in(a.key, a.upper), a.found)
	case 'w':
		c[a.key] = a.value
	case 'd':
		delete(c, a.key)
	case 'r':
		maps.DeleteFunc(c, func(key, _ string) bool { return a.covers(key) })
	}
	return true
}

// run returns the contents after all acts, and whether each reads what it read.
func (c contents) run(acts []act) (contents, bool) {
	c = maps.Clone(c)
	for i := range acts {
		if !c.shows(&acts[i]) {
			return c, false
		}
	}
	return c, true
}

// serial says whether the transactions could have run one after the other, in some order,
// from one contents to another one. It tries all orders.
func serial(txns [][]act, from, to contents) bool {
	if len(txns) == 0 {
		return maps.Equal(from, to)
	}
	for i, acts := range txns {
		if after, ok := from.run(acts); ok && serial(slices.Concat(txns[:i], txns[i+1:]), after, to) {
			return true
		}
	}
	return false
}

// writesInto says whether one of the acts wrote what a of another transaction forbids
// under a level.
func writesInto(acts []act, a *act, level kv.Isolation) bool {
	return slices.ContainsFunc(acts, func(w act) bool {
		switch {
		case !w.writes():
			return false
		case a.kind == 's':
			return level == kv.Serializable && w.key < a.upper && (a.key <= w.key || w.covers(a.key))
		case a.kind == 'g' && level != kv.Serializable:
			return false
		}
		return w.covers(a.key)
	})
}

// What no order explains is refused, and what one does is not.
func TestSerial(t *testing.T) {
	get := func(key, value string) act { return act{kind: 'g', key: key, value: value, there: value != ""} }
	write := func(key, value string) act { return act{kind: 'w', key: key, value: value} }
	scan := func(found contents) act { return act{kind: 's', key: "a", upper: "z", found: found} }
	for _, c := range []struct {
		name string
		want bool
		txns [][]act
		to   contents
	}{
		{"nothing", true, nil, contents{}},
		{"the second one first", true, [][]act{{get("a", "2"), write("b", "1")}, {write("a", "2")}}, contents{"a": "2", "b": "1"}},
		{"write skew", false, [][]act{{get("a", ""), write("b", "1")}, {get("b", ""), write("a", "2")}}, contents{"a": "2", "b": "1"}},
		{"phantoms", false, [][]act{{scan(contents{}), write("b", "1")}, {scan(contents{}), write("a", "2")}}, contents{"a": "2", "b": "1"}},
		{"a range delete between two writes", true, [][]act{{write("a", "1"), write("b", "1")}, {{kind: 'r', key: "a", upper: "c"}}, {get("b", ""), write("c", "2")}}, contents{"c": "2"}},
		{"a range delete that left what it had read", false, [][]act{{write("a", "1")}, {get("a", "1"), {kind: 'r', key: "a", upper: "c"}}}, contents{"a": "1"}},
		{"lost update", false, [][]act{{get("a", ""), write("a", "1")}, {get("a", ""), write("a", "2")}}, contents{"a": "2"}},
		{"another end", false, [][]act{{write("a", "1")}}, contents{"a": "2"}},
	} {
		if got := serial(c.txns, contents{}, c.to); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

package isolation

import (
	"fmt"
	"slices"
	"strings"
)

// Anomaly is evidence against a level.
type Anomaly struct {
	// Name is Adya's (G0, G1a, G1b, G1c, G-single, G-nonadjacent, G2-item, G2), with
	// "-process" or "-realtime" where the cycle needs such an edge; or one of "internal",
	// "lost update", "lost insert", "lost write-realtime", "future read", "unwritten value", "duplicate element",
	// "incompatible order".
	Name string `json:"name"`
	Text string `json:"text"` // what happened, in one sentence
	// Txns are the numbers of the transactions; of a cycle in its order.
	Txns  []int  `json:"txns"`
	Cycle []Edge `json:"cycle,omitempty"` // from each of Txns to the next, and to the first again
	Count int    `json:"count"`           // how many of the name were seen; 1 for a cycle
}

// Edge is why one transaction of a cycle comes before the next.
type Edge struct {
	Kind string `json:"kind"` // ww, wr, rw, process or realtime
	Text string `json:"text"`
}

// anomalies are those that are in one read or one transaction: the first of each name.
type anomalies struct {
	h   *History
	all map[string]*Anomaly
}

func newAnomalies(h *History) *anomalies { return &anomalies{h, map[string]*Anomaly{}} }

// add notes an anomaly. The format is given the first transaction, the key with values,
// and the other transactions.
func (a *anomalies) add(name string, key int32, format string, txns []int32, values ...int64) {
	if old := a.all[name]; old != nil {
		old.Count++
		return
	}
	found := &Anomaly{Name: name, Count: 1}
	args := []any{txns[0], shown(a.h.keys[key], values)}
	for i, t := range txns {
		found.Txns = append(found.Txns, int(t))
		if i > 0 {
			args = append(args, t)
		}
	}
	found.Text = fmt.Sprintf(format, args...)
	a.all[name] = found
}

// shown is a key with values, of a long list only its end.
func shown(key string, values []int64) string {
	if len(values) == 0 {
		return key
	}
	const most = 8
	before := ""
	if cut := len(values) - most; cut > 0 {
		values, before = values[cut:], fmt.Sprintf(".. %d more .. ", cut)
	}
	return fmt.Sprintf("%s = %s%s", key, before, strings.Trim(fmt.Sprint(values), "[]"))
}

// cycleName names a cycle by its edges.
func cycleName(steps []step) string {
	var kinds edgeKind
	count, adjacent := 0, false
	for i, s := range steps {
		kinds |= s.kind
		if s.kind&anyRW != 0 {
			count++
			adjacent = adjacent || steps[(i+1)%len(steps)].kind&anyRW != 0
		}
	}
	var name string
	switch {
	case count == 0 && kinds&wr == 0:
		name = "G0"
	case count == 0:
		name = "G1c"
	case count == 1:
		name = "G-single"
	case !adjacent:
		name = "G-nonadjacent"
	case kinds&rwAbsent == 0:
		name = "G2-item"
	default:
		name = "G2"
	}
	switch {
	case kinds&inTime != 0:
		return name + "-realtime"
	case kinds&inProcess != 0:
		return name + "-process"
	}
	return name
}

// cycleAnomaly says in words what a cycle is.
func (f *inference) cycleAnomaly(steps []step) *Anomaly {
	a := &Anomaly{Name: cycleName(steps), Count: 1}
	var names []string
	for _, s := range steps {
		a.Txns = append(a.Txns, int(s.from))
		a.Cycle = append(a.Cycle, f.edge(s))
		names = append(names, fmt.Sprintf("T%d", s.from))
	}
	a.Text = fmt.Sprintf("each of %s comes before the next, and the last before the first", strings.Join(names, ", "))
	if len(steps) == 2 {
		a.Text = fmt.Sprintf("each of %s and %s comes before the other", names[0], names[1])
	}
	if known := f.knownAs(steps); known != "" {
		a.Text += " (" + known + ")"
	}
	return a
}

// knownAs returns the common name of a cycle of two, or "".
func (f *inference) knownAs(steps []step) string {
	if len(steps) != 2 || steps[0].kind&anyRW == 0 && steps[1].kind&anyRW == 0 {
		return ""
	}
	first, second := f.cause(steps[0]), f.cause(steps[1])
	both := steps[0].kind&anyRW != 0 && steps[1].kind&anyRW != 0
	switch {
	case steps[0].kind == rwAbsent || steps[1].kind == rwAbsent:
		return "phantom"
	case first.key == second.key && (both || steps[0].kind == ww || steps[1].kind == ww):
		return "lost update"
	case both:
		return "write skew"
	case steps[0].kind == wr || steps[1].kind == wr:
		return "read skew"
	}
	return ""
}

// cause is the operations that an edge comes from.
type cause struct {
	key      int32
	from, to *op // nil of process and realtime
}

// cause finds the operations of an edge between two transactions again.
func (f *inference) cause(s step) cause {
	from, to := f.h.opsOf(s.from), f.h.opsOf(s.to)
	for i := range from {
		for j := range to {
			a, b := &from[i], &to[j]
			if a.key == b.key && f.fits(s.kind, a, b) {
				return cause{a.key, a, b}
			}
		}
	}
	return cause{key: -1}
}

// fits says whether an edge of the kind can lead from operation a to b, which have one key.
func (f *inference) fits(kind edgeKind, a, b *op) bool {
	switch kind {
	case ww:
		return a.writes() && b.writes() && (f.orders == nil || f.before(a, b))
	case wr:
		return a.writes() && !b.writes() && f.saw(b, a.value)
	case rw, rwAbsent:
		return !a.writes() && b.writes() && !f.saw(a, b.value)
	}
	return false
}

// before says whether the element that a appended is before that of b.
func (f *inference) before(a, b *op) bool {
	i, _ := f.writes.find(a.key, a.value)
	j, _ := f.writes.find(b.key, b.value)
	at, next := f.orders.position[i], f.orders.position[j]
	return at >= 0 && (next < 0 || at < next)
}

// saw says whether a read returned a value.
func (f *inference) saw(read *op, value int64) bool {
	if read.kind() == ReadList {
		return slices.Contains(f.h.list(read), value)
	}
	return !read.absent() && read.value == value
}

// edge says why one transaction comes before another.
func (f *inference) edge(s step) Edge {
	c := f.cause(s)
	key := func() string { return f.h.keys[c.key] }
	switch {
	case s.kind == inProcess:
		return Edge{"process", fmt.Sprintf("T%d ended before T%d began, in the same process", s.from, s.to)}
	case s.kind == inTime:
		return Edge{"realtime", fmt.Sprintf("T%d ended before T%d began", s.from, s.to)}
	case c.key < 0:
		return Edge{kindName(s.kind), fmt.Sprintf("T%d comes before T%d", s.from, s.to)}
	case s.kind == ww:
		return Edge{"ww", fmt.Sprintf("T%d wrote %s = %d, and T%d wrote %s = %d after it", s.from, key(), c.from.value, s.to, key(), c.to.value)}
	case s.kind == wr:
		return Edge{"wr", fmt.Sprintf("T%d wrote %s = %d, which T%d read", s.from, key(), c.from.value, s.to)}
	default:
		return Edge{"rw", fmt.Sprintf("T%d read %s without %d, which T%d wrote", s.from, key(), c.to.value, s.to)}
	}
}

func kindName(kind edgeKind) string {
	switch kind {
	case ww:
		return "ww"
	case wr:
		return "wr"
	}
	return "rw"
}

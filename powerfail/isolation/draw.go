package isolation

import (
	"fmt"
	"strings"
)

// Txn returns a transaction of the history. Reads of one that is not known to have
// committed are not there.
func (h *History) Txn(number int) Txn {
	t := &h.txns[number]
	out := Txn{Outcome: t.outcome(), Begin: t.begin, End: t.end}
	for process, id := range h.processes {
		if id == int32(t.process>>2) {
			out.Process = process
		}
	}
	for _, o := range h.opsOf(int32(number)) {
		op := Op{Kind: o.kind(), Key: h.keys[o.key], Range: o.ranged()}
		switch {
		case op.Kind == ReadList:
			op.List = h.list(&o)
		case o.absent():
			op.Absent = true
		default:
			op.Value = o.value
		}
		out.Ops = append(out.Ops, op)
	}
	return out
}

// mostShown bounds the operations of a transaction, and elements of a list, in a drawing.
const mostShown = 8

// String returns an operation in words.
func (o Op) String() string {
	switch {
	case o.Kind == Append:
		return fmt.Sprintf("append %s %d", o.Key, o.Value)
	case o.Kind == Write:
		return fmt.Sprintf("write %s = %d", o.Key, o.Value)
	case o.Absent:
		return "read " + o.Key + ": nothing"
	case o.Kind == ReadValue:
		return fmt.Sprintf("read %s = %d", o.Key, o.Value)
	case len(o.List) > mostShown:
		return fmt.Sprintf("read %s = [.. %d more .. %s]", o.Key, len(o.List)-mostShown, strings.Trim(fmt.Sprint(o.List[len(o.List)-mostShown:]), "[]"))
	}
	return fmt.Sprintf("read %s = %d", o.Key, o.List)
}

// involved returns the numbers of the transactions of an anomaly, each once.
func (a *Anomaly) involved() (all []int) {
	seen := map[int]bool{}
	for _, t := range a.Txns {
		if !seen[t] {
			seen[t] = true
			all = append(all, t)
		}
	}
	return all
}

// Describe returns the transactions of an anomaly, one a line: its number, process, time
// and operations.
func (h *History) Describe(a *Anomaly) string {
	var b strings.Builder
	for _, n := range a.involved() {
		t := h.Txn(n)
		fmt.Fprintf(&b, "T%d, process %d, %d to %s, %s: %s\n", n, t.Process, t.Begin, t.until(), t.Outcome, strings.Join(shownOps(t.Ops), "; "))
	}
	return b.String()
}

// until is the end, as far as it is known.
func (t *Txn) until() string {
	if t.Outcome == Unknown {
		return "?"
	}
	return fmt.Sprint(t.End)
}

func shownOps(ops []Op) (all []string) {
	for i, o := range ops {
		if i == mostShown && len(ops) > mostShown+1 {
			return append(all, fmt.Sprintf("and %d more", len(ops)-i))
		}
		all = append(all, o.String())
	}
	return all
}

// DOT returns a drawing of an anomaly in the language of Graphviz: a box for each
// transaction, and of a cycle its edges.
func (h *History) DOT(a *Anomaly) string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph anomaly {\n  label=%s;\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n", dotText(a.Name+": "+a.Text, `\n`))
	for _, n := range a.involved() {
		t := h.Txn(n)
		lines := append([]string{fmt.Sprintf("T%d, process %d, %s", n, t.Process, t.Outcome)}, shownOps(t.Ops)...)
		fmt.Fprintf(&b, "  T%d [label=%s];\n", n, dotText(strings.Join(lines, "\n"), `\l`))
	}
	for i, e := range a.Cycle {
		fmt.Fprintf(&b, "  T%d -> T%d [label=%s, tooltip=%s];\n", a.Txns[i], a.Txns[(i+1)%len(a.Txns)], dotText(e.Kind, `\n`), dotText(e.Text, `\n`))
	}
	return b.String() + "}\n"
}

// dotText quotes text; each line ends with the escape given, which aligns it.
func dotText(text, newline string) string {
	text = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
	if strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\n", newline) + newline
	}
	return `"` + text + `"`
}

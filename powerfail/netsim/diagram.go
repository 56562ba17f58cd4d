package netsim

import (
	"fmt"
	"strings"

	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/cluster/replica"
)

// diagram draws a run: time downwards, a column for each member, a line for each message
// that arrives, but for heartbeats that carry nothing. A nil one draws nothing.
type diagram struct {
	rows []string
}

const (
	timeWidth   = 7
	columnWidth = 18
)

// Diagram runs a schedule again and draws it.
func Diagram(o Options, s *Schedule) string {
	d := &diagram{}
	d.head(s.Members)
	r := run(&o, s, nil, d)
	if r.Broken != nil {
		d.rows = append(d.rows, fmt.Sprintf("%s: %s", r.Broken.Rule, r.Broken.Detail))
	}
	return strings.Join(d.rows, "\n") + "\n"
}

func (d *diagram) head(members int) {
	row := []rune(strings.Repeat(" ", timeWidth+members*columnWidth))
	copy(row, []rune("time"))
	for id := 1; id <= members; id++ {
		label := []rune(fmt.Sprintf("member %d", id))
		copy(row[column(id)-len(label)/2:], label)
	}
	d.rows = append(d.rows, string(row))
}

// column returns the place of a member's line.
func column(id int) int { return timeWidth + (id-1)*columnWidth + columnWidth/2 }

// lines returns a row with the line of each member; that of one that is down is dotted.
func lines(w *world) []rune {
	row := []rune(strings.Repeat(" ", timeWidth+len(w.nodes)*columnWidth))
	copy(row, []rune(fmt.Sprint(w.now)))
	for _, n := range w.nodes {
		row[column(n.id)] = '|'
		if n.Replica == nil {
			row[column(n.id)] = ':'
		}
	}
	return row
}

func (d *diagram) add(row []rune) { d.rows = append(d.rows, strings.TrimRight(string(row), " ")) }

// arrives draws a message that is about to be taken.
func (d *diagram) arrives(w *world, e *event) {
	if d == nil || w.calm.begun || routine(&e.message) {
		return
	}
	label := describe(&e.message)
	if late := e.at - e.sent; late != linkUnits {
		label += fmt.Sprintf(" of %d", e.sent)
	}
	row := lines(w)
	from, to := column(int(e.message.From)), column(e.node)
	step := 1
	if to < from {
		step = -1
	}
	for at := from + step; at != to; at += step {
		row[at] = '-'
	}
	row[to-step] = map[int]rune{1: '>', -1: '<'}[step]
	room := []rune(" " + label + " ")
	start := min(from, to) + 1 + max(0, (max(from, to)-min(from, to)-1-len(room))/2)
	copy(row[start:], room[:min(len(room), max(from, to)-1-start)])
	d.add(row)
}

// routine says whether a message is one that a diagram is better without.
func routine(m *replica.Message) bool {
	if m.Raft == nil {
		return false
	}
	switch m.Raft.Type {
	case consensus.Heartbeat, consensus.HeartbeatResp:
		return len(m.Raft.Context) == 0
	}
	return false
}

// describe says in a few letters what a message is.
func describe(m *replica.Message) string {
	label := typeOf(m)
	switch {
	case m.Chunk != nil:
		return fmt.Sprintf("%s %d", label, m.Chunk.Number)
	case m.Ack != nil:
		return fmt.Sprintf("%s %d", label, m.Ack.Number)
	}
	if n := len(m.Raft.Entries); m.Raft.Type == consensus.App && n > 0 {
		label += fmt.Sprintf(" %d", m.Raft.Entries[n-1].Index)
	}
	if m.Raft.Type == consensus.AppResp {
		label += fmt.Sprintf(" %d", m.Raft.Index)
	}
	if m.Raft.Reject {
		label += " no"
	}
	return label
}

// beside draws words at the line of a member, or over the whole row.
func (d *diagram) beside(w *world, n *node, words string) {
	if d == nil {
		return
	}
	row := lines(w)
	at := timeWidth
	if n != nil {
		at = column(n.id) + 2
	}
	label := []rune(words)
	if short := at + len(label) - len(row); short > 0 {
		row = append(row, []rune(strings.Repeat(" ", short))...)
	}
	copy(row[at:], label)
	d.add(row)
}

func (d *diagram) happens(w *world, e *Event) {
	if d != nil {
		d.beside(w, nil, "*** "+e.String())
	}
}

func (d *diagram) heals(w *world, e *Event) {
	if d != nil {
		d.beside(w, nil, fmt.Sprintf("*** the cut of %d is over", e.At))
	}
}

func (d *diagram) starts(w *world, n *node) { d.beside(w, n, "starts") }
func (d *diagram) calms(w *world) {
	d.beside(w, nil, "*** faults end; messages are not drawn any more")
}

func (d *diagram) stands(w *world, n *node, s consensus.Standing) {
	if d != nil && s.Role == consensus.Leader {
		d.beside(w, n, fmt.Sprintf("leads term %d", n.Term()))
	}
}

func (d *diagram) asks(w *world, n *node, what string) { d.beside(w, n, "["+what+"?") }

func (d *diagram) hears(w *world, n *node, op *operation, outcome replica.Outcome) {
	words := map[replica.Outcome]string{replica.Committed: "is there]", replica.Superseded: "never was]", replica.Unknown: "is unknown]"}
	d.beside(w, n, "write "+op.value+" "+words[outcome])
}

func (d *diagram) answers(w *world, n *node, op *operation, value []byte) {
	d.beside(w, n, fmt.Sprintf("read %s: %q]", op.input.key, value))
}

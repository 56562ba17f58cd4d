package netsim

import (
	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/cluster/replica"
)

// link tells messages and work of one kind apart from others.
type link struct {
	from, to int
	what     string
}

type outcomeKey struct {
	link
	nth int
}

func outcomesOf(events []Event) map[outcomeKey]*Event {
	outcomes := map[outcomeKey]*Event{}
	for i := range events {
		if e := &events[i]; e.Kind == Message || e.Kind == Disk {
			outcomes[outcomeKey{link{e.Node, e.To, e.Type}, e.Nth}] = e
		}
	}
	return outcomes
}

// typeOf names what a message is.
func typeOf(m *replica.Message) string {
	switch {
	case m.Chunk != nil:
		return "Chunk"
	case m.Ack != nil:
		return "ChunkAck"
	}
	return m.Raft.Type.String()
}

// kindOf numbers what a message is, from 0 to 31.
func kindOf(m *replica.Message) int {
	switch {
	case m.Chunk != nil:
		return 30
	case m.Ack != nil:
		return 31
	}
	return int(m.Raft.Type)
}

// count returns which of its kind a message or work is, from 1.
func (w *world) count(l link) int {
	w.sent[l]++
	return w.sent[l]
}

// send plans the arrival of a message. Whether and when it arrives is decided when it is sent: what was
// under way before a cut arrives.
func (w *world) send(m *replica.Message) {
	l := link{int(m.From), int(m.To), typeOf(m)}
	nth := w.count(l)
	if l.to > w.plan.Members || w.cuts[l.from][l.to] > 0 {
		return
	}
	for _, after := range w.arrivals(l, nth, kindOf(m)) {
		e := w.queue.plan(max(w.now, w.held[l.from][l.to])+after, evMessage)
		e.node, e.message, e.sent = l.to, *m, w.now
	}
}

func (w *world) arrivals(l link, nth, kind int) []int64 {
	if w.calm.begun {
		return onTime
	}
	if w.dice == nil {
		if e := w.outcomes[outcomeKey{l, nth}]; e != nil {
			return e.After
		}
		return onTime
	}
	after := w.dice.message(kind)
	if len(after) != 1 || after[0] != linkUnits {
		w.plan.Events = append(w.plan.Events, Event{Kind: Message, Node: l.from, To: l.to, Type: l.what, Nth: nth, After: after})
	}
	return after
}

// diskTime returns how long the next work of a queue takes.
func (w *world) diskTime(id int, q replica.Queue) int64 {
	l := link{from: id, what: "log"}
	if q == replica.Apply {
		l.what = "state"
	}
	nth := w.count(l)
	if w.calm.begun {
		return writeUnits
	}
	if w.dice == nil {
		if e := w.outcomes[outcomeKey{l, nth}]; e != nil {
			return e.Units
		}
		return writeUnits
	}
	units := w.dice.disk()
	if units != writeUnits {
		w.plan.Events = append(w.plan.Events, Event{Kind: Disk, Node: id, Type: l.what, Nth: nth, Units: units})
	}
	return units
}

// leader returns the member that leads in the latest term, or in the earliest; nil if none
// does.
func (w *world) leader(latest bool) (leader *node) {
	for _, n := range w.nodes {
		if n.Replica == nil || n.Standing().Role != consensus.Leader {
			continue
		}
		if leader == nil || latest == (n.Term() > leader.Term()) {
			leader = n
		}
	}
	return leader
}

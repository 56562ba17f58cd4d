package netsim

import (
	"fmt"
	"strings"
)

// Times are virtual, in units of a tenth of a tick.
const (
	tickUnits  = 10 // between the ticks of a clock that goes right
	linkUnits  = 2  // a message takes
	writeUnits = 1  // work on a store takes
)

// Schedule is what happens to a cluster. Members are numbered from 1.
type Schedule struct {
	Seed    uint64 `json:"seed"` // of election time-outs and of what a power cut leaves
	Members int    `json:"members"`
	Horizon int64  `json:"horizon"` // time at which faults end
	// Events are the deviations: without any, members tick and talk on time, and nobody
	// asks for anything.
	Events []Event `json:"events"`
}

// Kind says what an event is.
type Kind string

// The kinds of event.
const (
	Write   Kind = "write"   // of the next value of a client, at Node, or at who leads in the latest term if that is 0
	Read    Kind = "read"    // of a client's key, at Node, or at who leads in the earliest term if that is 0
	Cut     Kind = "cut"     // of the links between Nodes, or who leads if there are none, and the others, for a while
	CutFrom Kind = "cutfrom" // of the links from Nodes to the others, one way, for a while
	Hold    Kind = "hold"    // of what Nodes send to the others for a while: it arrives after that
	Stall   Kind = "stall"   // of the links between Nodes and the others, both ways, for a while: what is sent arrives after that
	Crash   Kind = "kill"    // of the processes of Nodes, which start again after a while
	Power   Kind = "power"   // cut of Nodes, at once, which start again after a while
	Clock   Kind = "clock"   // of Node: from then on a tick takes Units
	Jump    Kind = "jump"    // of the clock of Node: Units ticks at once
	// Transfer is of leadership to Node, asked of Nodes, or who leads if there are none.
	Transfer Kind = "transfer"
	Message  Kind = "message" // number Nth of its type from Node to To: when it arrives
	Disk     Kind = "disk"    // work number Nth of a queue of Node: how long it takes
)

// Event is a deviation from a calm run.
type Event struct {
	Kind   Kind    `json:"kind"`
	At     int64   `json:"at,omitempty"`
	Node   int     `json:"node,omitempty"`
	Nodes  []int   `json:"nodes,omitempty"`
	For    int64   `json:"for,omitempty"` // how long it lasts
	Client int     `json:"client,omitempty"`
	Units  int64   `json:"units,omitempty"`
	Seed   uint64  `json:"seed,omitempty"` // of what a crash leaves
	To     int     `json:"to,omitempty"`
	Type   string  `json:"type,omitempty"`
	Nth    int     `json:"nth,omitempty"`
	After  []int64 `json:"after,omitempty"` // of a message: how long each copy takes; none: it is lost
	// Pause is how long the caller of a read by lease stands still: between its look at the
	// lease and the read, and between the read and its second look. None if it is empty.
	Pause []int64 `json:"pause,omitempty"`
}

// String says what happens.
func (e *Event) String() string {
	nodes := "members " + strings.Trim(fmt.Sprint(e.Nodes), "[]")
	if len(e.Nodes) == 0 {
		nodes = "who leads"
	}
	who := fmt.Sprintf("member %d", e.Node)
	if e.Node == 0 {
		who = "the leader"
	}
	switch e.Kind {
	case Read:
		if len(e.Pause) > 0 {
			return fmt.Sprintf("at %d: client %d asks %s for a read, stands still for %d before it and for %d after it", e.At, e.Client, who, e.Pause[0], e.Pause[1])
		}
		fallthrough
	case Write:
		return fmt.Sprintf("at %d: client %d asks %s for a %s", e.At, e.Client, who, e.Kind)
	case Cut:
		return fmt.Sprintf("at %d, for %d: %s: cut off from the others", e.At, e.For, nodes)
	case CutFrom:
		return fmt.Sprintf("at %d, for %d: nothing from %s reaches the others", e.At, e.For, nodes)
	case Hold:
		return fmt.Sprintf("at %d, for %d: what %s sends is held up", e.At, e.For, nodes)
	case Stall:
		return fmt.Sprintf("at %d, for %d: what %s and the others send each other is held up", e.At, e.For, nodes)
	case Crash:
		return fmt.Sprintf("at %d: %s: killed, starts again after %d", e.At, nodes, e.For)
	case Power:
		return fmt.Sprintf("at %d: %s: power is cut, starts again after %d", e.At, nodes, e.For)
	case Clock:
		return fmt.Sprintf("at %d: the clock of %s ticks every %d (right is %d)", e.At, who, e.Units, tickUnits)
	case Transfer:
		return fmt.Sprintf("at %d: %s: asked to hand leadership over to member %d", e.At, nodes, e.Node)
	case Jump:
		return fmt.Sprintf("at %d: the clock of %s jumps by %d ticks", e.At, who, e.Units)
	case Disk:
		return fmt.Sprintf("work %d on the %s of %s takes %d (usual is %d)", e.Nth, e.Type, who, e.Units, writeUnits)
	}
	what := fmt.Sprintf("%s number %d from %d to %d", e.Type, e.Nth, e.Node, e.To)
	switch len(e.After) {
	case 0:
		return what + " is lost"
	case 1:
		return fmt.Sprintf("%s takes %d (usual is %d)", what, e.After[0], linkUnits)
	}
	return fmt.Sprintf("%s arrives %d times, after %v", what, len(e.After), e.After)
}

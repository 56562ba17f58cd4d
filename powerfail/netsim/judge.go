package netsim

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"

	"lsmlab/engines/cluster/replica"
	"lsmlab/powerfail/oracle"
)

// The rules of this tier, beside those of the oracle.
const (
	ruleOpen     oracle.Rule = "open"     // a member does not start on what a crash left
	ruleRun      oracle.Rule = "run"      // a member failed without a fault of its disk
	rulePanic    oracle.Rule = "panic"    // an invariant of the code is broken
	ruleStuck    oracle.Rule = "stuck"    // a cluster without faults does not come to rest
	ruleStale    oracle.Rule = "stale"    // reads and writes of a key have no order
	ruleDiverged oracle.Rule = "diverged" // members with one log have several states
)

// calm is the time after the horizon, when nothing goes wrong any more.
type calm struct {
	begun  bool
	until  int64
	client *client // writes once
	wrote  bool
	asked  int // reads of the end that are open
	over   bool
}

// calmTicks is how long a cluster may take to come to rest: several elections.
const calmTicks = 150

// beginCalm ends all faults.
func (w *world) beginCalm() {
	w.calm.begun, w.calm.until = true, w.now+calmTicks*tickUnits
	for i := range w.cuts {
		clear(w.cuts[i])
		clear(w.held[i])
	}
	for _, n := range w.nodes {
		n.clock.set(w.now, tickUnits)
		w.restart(n)
	}
	w.history.writers++
	w.calm.client = &client{writer: w.history.writers}
	w.history.clients[-1] = w.calm.client
	w.diagram.calms(w)
}

// rest goes on with the end of a run: a write, reads of all keys at
// some member, and all members at one point.
func (w *world) rest() {
	c := &w.calm
	switch {
	case w.now > c.until:
		w.fail(ruleStuck, "not at rest %d ticks after the last fault: %s", calmTicks, w.standing())
	case !c.wrote:
		if c.client.busy == nil && c.client.written > 0 {
			c.wrote = true
			w.readAll()
		} else if c.client.busy == nil && w.leader(true) != nil {
			leader := w.leader(true)
			w.write(leader, c.client)
			leader.carryOut()
		}
	case c.asked == 0:
		c.over = w.level(w.up())
	}
}

// readAll reads all keys at one member, by one request.
func (w *world) readAll() {
	up := w.up()
	n := up[int(w.plan.Seed%uint64(len(up)))]
	w.calm.asked = 1
	w.read(n, &operation{final: true, input: access{key: "all keys"}})
	n.carryOut()
}

// finalRead answers the read of all keys: a read of each in the history.
func (w *world) finalRead(n *node, op *operation) {
	entries, err := content(n)
	if err != nil {
		w.fail(ruleRun, "member %d: %v", n.id, err)
		return
	}
	w.calm.asked--
	h := &w.history
	for writer := 1; writer <= h.writers; writer++ {
		one := *op
		one.input = access{key: (&client{writer: writer}).key()}
		var value []byte
		if i, ok := slices.BinarySearchFunc(entries, one.input.key, func(e oracle.Entry, key string) int {
			return bytes.Compare(e.Key, []byte(key))
		}); ok {
			value = entries[i].Value
		}
		h.read(&one, value)
	}
}

// up returns the members that are not out for good; in the calm all of them run.
func (w *world) up() (up []*node) {
	for _, n := range w.nodes {
		if !n.out {
			up = append(up, n)
		}
	}
	return up
}

// level says whether members have applied the same, and have nothing to do.
func (w *world) level(members []*node) bool {
	first := members[0].Applied()
	for _, n := range members {
		if n.Applied().Index != first.Index || len(n.work[replica.Log])+len(n.work[replica.Apply]) > 0 {
			return false
		}
	}
	return true
}

// standing says in words how far each member is.
func (w *world) standing() (s string) {
	for _, n := range w.up() {
		s += fmt.Sprintf("member %d in term %d has applied %d; ", n.id, n.Term(), n.Applied().Index)
	}
	return s
}

// judge judges a run that came to rest.
func (w *world) judge() {
	var first []oracle.Entry
	for i, n := range w.up() {
		entries, err := content(n)
		if err != nil {
			w.fail(ruleRun, "member %d: %v", n.id, err)
			return
		}
		if i == 0 {
			first = entries
		} else if !equal(first, entries) {
			w.fail(ruleDiverged, "the first member and member %d have applied up to entry %d and differ: %s and %s", n.id, n.Applied().Index, show(first), show(entries))
			return
		}
	}
	index, err := w.history.recorder.History().Index()
	if err != nil {
		panic(err) // the history is of our making
	}
	// As if all had lost their power now: what was acknowledged must be there.
	if _, w.broken = index.Judge(oracle.Cut{Position: w.history.tick(), Kind: oracle.PowerOff}, first); w.broken != nil {
		return
	}
	if !porcupine.CheckOperations(registers, w.history.operations()) {
		w.fail(ruleStale, "%s", w.history.unordered())
	}
}

// unordered names a key whose reads and writes have no order.
func (h *history) unordered() string {
	for _, part := range registers.Partition(h.operations()) {
		if porcupine.CheckOperations(registers, part) {
			continue
		}
		slices.SortFunc(part, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
		s := fmt.Sprintf("no order explains what clients of key %s saw:", part[0].Input.(access).key)
		for _, op := range part {
			what := fmt.Sprintf("read %q", op.Output)
			if in := op.Input.(access); in.write {
				what = fmt.Sprintf("wrote %q", in.value)
			}
			s += fmt.Sprintf(" [%d, %d] %s;", op.Call, op.Return, what)
		}
		return s
	}
	return "nothing"
}

func equal(a, b []oracle.Entry) bool {
	return slices.EqualFunc(a, b, func(x, y oracle.Entry) bool {
		return bytes.Equal(x.Key, y.Key) && bytes.Equal(x.Value, y.Value)
	})
}

func show(entries []oracle.Entry) (s string) {
	for _, e := range entries {
		s += fmt.Sprintf("%s=%s ", e.Key, e.Value)
	}
	return s
}

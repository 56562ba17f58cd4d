package netsim

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/anishathalye/porcupine"

	"lsmlab/engines/cluster/replica"
	"lsmlab/engines/kv"
	"lsmlab/powerfail/oracle"
)

// operation is a write or a read that a client has asked for.
type operation struct {
	writer int
	value  string
	id     int // in the oracle's history
	input  access
	call   int64
	final  bool // of the run: who asked is the run itself

	// Of a write: where it was proposed, under which id and when.
	node     *node
	proposal uint64
	at       int64
}

// access is the input of an operation of the history of registers: a value that is
// written, or a read.
type access struct {
	key   string
	write bool
	value string
}

// history is what clients asked for and heard, for both judges. Times are positions:
// numbers of things that clients did or heard.
type history struct {
	w        *world
	position int64
	recorder *oracle.Recorder
	ops      []porcupine.Operation
	open     []*operation // writes whose outcome is open for ever
	clients  map[int]*client
	writers  int // given out
	batch    kv.Batch
}

// client writes to a key of its own, one value after the other. After a write whose
// outcome it will never know, or has waited for long enough, it goes on as another writer, with another key: the oracle
// judges what it did before as the work of one that stopped.
type client struct {
	writer  int
	written int
	busy    *operation
}

func (c *client) key() string { return fmt.Sprintf("w%d", c.writer) }

func (h *history) start(w *world) {
	h.w = w
	h.clients = map[int]*client{}
	h.recorder = oracle.NewRecorder(nil, func() int64 { return h.position })
}

func (h *history) tick() int64 {
	h.position++
	return h.position
}

func (h *history) client(number int) *client {
	c := h.clients[number]
	if c == nil {
		h.writers++
		c = &client{writer: h.writers}
		h.clients[number] = c
	}
	return c
}

// ask carries out an event of a client.
func (w *world) ask(e *Event) {
	n := w.leader(e.Kind == Write)
	if e.Node > 0 {
		n = w.nodes[e.Node-1]
	}
	if n == nil || n.Replica == nil {
		return
	}
	c := w.history.client(e.Client)
	if e.Kind == Read {
		op := &operation{input: access{key: c.key()}}
		if w.readLeased(n, op, e.Pause) {
			return
		}
		w.read(n, op)
	} else {
		if c.busy != nil && w.now-c.busy.at >= w.patience() {
			w.giveUp(c.busy)
		}
		if c.busy == nil {
			w.write(n, c)
		}
	}
	n.carryOut()
}

// patience is how long a client waits for the outcome of a write before it writes again.
func (w *world) patience() int64 { return int64(w.electionTicks) * tickUnits }

// giveUp leaves a write to itself: its client hears no more of it.
func (w *world) giveUp(op *operation) {
	delete(op.node.writes, op.proposal)
	w.history.unknown(op)
}

// write proposes the next value of a client to a member.
func (w *world) write(n *node, c *client) {
	h := &w.history
	value := fmt.Sprintf("%d.%d", c.writer, c.written+1)
	h.batch.Reset()
	h.batch.Set([]byte(c.key()), []byte(value))
	if c.written%3 == 1 { // a second key, which must come and go with the first
		h.batch.Set([]byte(c.key()+"+"), []byte(value))
	}
	ids, err := n.Propose(h.batch.Bytes())
	if err != nil {
		return // it was not proposed
	}
	c.written++
	op := &operation{writer: c.writer, value: value, input: access{c.key(), true, value}, call: h.tick(),
		node: n, proposal: ids[0], at: w.now}
	op.id = h.recorder.Begin(c.writer, &h.batch, kv.Synced)
	c.busy = op
	n.writes[ids[0]] = op
	w.diagram.asks(w, n, "write "+value)
}

// read asks a member for a key.
func (w *world) read(n *node, op *operation) {
	op.call = w.history.tick()
	n.reads[n.Read()] = op
	w.diagram.asks(w, n, "read "+op.input.key)
}

// readLeased reads a key in the caller's goroutine if the member has a lease, as package
// cluster does. It returns false if there is none in the end, and the member can be asked.
func (w *world) readLeased(n *node, op *operation, pause []int64) (done bool) {
	lease, incarnation := n.Lease(), n.incarnation
	term, ok := lease.Begin()
	if !ok {
		return false
	}
	op.call = w.history.tick()
	w.diagram.asks(w, n, "read "+op.input.key+" by lease")
	if len(pause) > 0 {
		w.goOn(w.now + pause[0])
	}
	if n.incarnation != incarnation {
		return true // the caller went with the process
	}
	value, ok := w.get(n, op)
	if !ok {
		return true
	}
	if len(pause) > 1 {
		w.goOn(w.now + pause[1])
	}
	if n.incarnation != incarnation {
		return true
	}
	if !lease.Confirms(term) {
		w.diagram.beside(w, n, "no lease]")
		return false
	}
	w.answer(n, op, value)
	return true
}

// decided takes the outcome of a write.
func (w *world) decided(n *node, op *operation, outcome replica.Outcome) {
	h := &w.history
	w.diagram.hears(w, n, op, outcome)
	switch outcome {
	case replica.Unknown:
		h.unknown(op)
		return
	case replica.Committed:
		h.recorder.Ack(op.id)
		h.ops = append(h.ops, porcupine.Operation{ClientId: op.writer, Input: op.input, Call: op.call, Return: h.tick()})
	case replica.Superseded:
		h.recorder.Refuse(op.id)
	}
	for _, c := range h.clients {
		if c.busy == op {
			c.busy = nil
		}
	}
}

// unknown takes note of a write whose outcome nobody will hear.
func (h *history) unknown(op *operation) {
	h.open = append(h.open, op)
	for _, c := range h.clients {
		if c.busy == op {
			h.writers++
			*c = client{writer: h.writers}
		}
	}
}

// lost takes note that a member is about to crash.
func (h *history) lost(n *node) {
	for _, id := range slices.Sorted(maps.Keys(n.writes)) {
		h.unknown(n.writes[id])
	}
}

// serve answers a read from the state of a member.
func (w *world) serve(n *node, op *operation) {
	if op.final {
		w.finalRead(n, op)
		return
	}
	if value, ok := w.get(n, op); ok {
		w.answer(n, op, value)
	}
}

// get reads a key from the state of a member, which must not fail.
func (w *world) get(n *node, op *operation) (value []byte, ok bool) {
	value, err := n.State().Get(nil, []byte(op.input.key))
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		w.fail(ruleRun, "member %d, read of %s: %v", n.id, op.input.key, err)
		return nil, false
	}
	return value, true
}

// answer gives a client what was read.
func (w *world) answer(n *node, op *operation, value []byte) {
	w.history.read(op, value)
	w.diagram.answers(w, n, op, value)
}

func (h *history) read(op *operation, value []byte) {
	h.ops = append(h.ops, porcupine.Operation{ClientId: readers, Input: op.input, Output: string(value), Call: op.call, Return: h.tick()})
}

// readers is the client of all reads, which does not matter to the verdict.
const readers = 0

// registers is the model of the store for Porcupine: keys by themselves.
var registers = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts, index := [][]porcupine.Operation{}, map[string]int{}
		for _, op := range history {
			key := op.Input.(access).key
			i, ok := index[key]
			if !ok {
				i = len(parts)
				index[key] = i
				parts = append(parts, nil)
			}
			parts[i] = append(parts[i], op)
		}
		return parts
	},
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		if in := input.(access); in.write {
			return true, in.value
		}
		return output.(string) == state.(string), state
	},
}

// operations returns the history of registers. Writes that are open end after all else.
func (h *history) operations() []porcupine.Operation {
	ops := append([]porcupine.Operation(nil), h.ops...)
	open := h.open
	for _, n := range h.w.nodes {
		for _, op := range n.writes {
			open = append(open, op)
		}
	}
	for _, op := range open {
		ops = append(ops, porcupine.Operation{ClientId: op.writer, Input: op.input, Call: op.call, Return: math.MaxInt64})
	}
	return ops
}

// content reads all that a member has.
func content(n *node) (entries []oracle.Entry, err error) {
	c, err := n.State().Scan(nil, nil)
	if err != nil {
		return nil, err
	}
	for k, v, ok := c.First(); ok; k, v, ok = c.Next() {
		entries = append(entries, oracle.Entry{Key: bytes.Clone(k), Value: bytes.Clone(v)})
	}
	return entries, c.Close()
}

package netsim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/model"
	"lsmlab/powerfail/oracle"
)

// OpenFunc opens the store of one member on a disk, for a durability level.
type OpenFunc func(fs vfs.FS, d kv.Durability) (kv.Engine, error)

// Options say which cluster is simulated.
type Options struct {
	Open       OpenFunc
	Core       consensus.Factory
	Profile    explore.Profile // of what power cuts take; default posix-strict
	LeaseReads bool
	// Faulty are members whose disks are seen through Wrap: planted bugs. One of them that
	// fails is out for good, which the others must survive if they are a majority.
	Faulty []int
	Wrap   func(vfs.FS) vfs.FS
}

func (o *Options) faulty(member int) bool { return slices.Contains(o.Faulty, member) }

// Result is what a run gave.
type Result struct {
	Events int   // that happened: messages, ticks, work, faults
	Units  int64 // of virtual time
	// Broken is the rule that was broken, or nil.
	Broken *oracle.Violation
	// Ran is the schedule with the outcomes that were drawn.
	Ran *Schedule
}

// world is one run.
type world struct {
	o        *Options
	kind     model.Kind
	plan     *Schedule
	dice     *dice // nil if outcomes are those of the plan
	outcomes map[outcomeKey]*Event
	sent     map[link]int // messages by link and type, works by member and queue
	now      int64
	queue    eventQueue
	nodes    []*node
	cuts     [][]int   // by sender and receiver: how many cuts are in force
	held     [][]int64 // by sender and receiver: until when messages are held up
	history  history
	calm     calm
	events   int
	broken   *oracle.Violation
	diagram  *diagram // or nil

	electionTicks int
}

// Run runs a schedule.
func Run(o Options, s *Schedule) Result { return run(&o, s, nil, nil) }

// draw draws a schedule from a seed and runs it. Result.Ran is all of it.
func draw(o Options, seed uint64, shape Shape) Result {
	s, d := generate(seed, shape, o.LeaseReads)
	return run(&o, s, d, nil)
}

func run(o *Options, s *Schedule, d *dice, drawn *diagram) (r Result) {
	if o.Profile == "" {
		o.Profile = explore.PosixStrict
	}
	plan := *s
	plan.Events = append([]Event(nil), s.Events...)
	w := &world{o: o, kind: model.KindOf(o.Profile), plan: &plan, dice: d, diagram: drawn, sent: map[link]int{}}
	w.electionTicks = int(electionTicks(o.LeaseReads))
	w.history.start(w)
	defer func() {
		for _, n := range w.nodes {
			n.stop()
		}
		r = Result{Events: w.events, Units: w.now, Broken: w.broken, Ran: w.plan}
	}()
	w.begin()
	w.goOn(math.MaxInt64)
	if w.broken == nil && !w.halted() {
		w.judge()
	}
	return r
}

// goOn lets all happen up to a time, or until there is no more to see. What happens may
// itself let more happen: a client that stands still while it reads.
func (w *world) goOn(until int64) {
	for w.broken == nil && !w.calm.over && !w.halted() {
		at, ok := w.queue.first()
		if !ok {
			w.fail(ruleStuck, "nothing happens any more")
			return
		}
		if at > until {
			w.now = until
			return
		}
		e := w.queue.next()
		w.now = at
		w.happen(e)
		w.queue.done(e)
	}
}

// fail notes the first rule that is broken.
func (w *world) fail(rule oracle.Rule, format string, args ...any) {
	if w.broken == nil {
		w.broken = &oracle.Violation{Rule: rule, Detail: fmt.Sprintf(format, args...)}
	}
}

// begin starts all members. The first stands for election at once, to save time.
func (w *world) begin() {
	n := w.plan.Members
	w.cuts, w.held = make([][]int, n+1), make([][]int64, n+1)
	for i := range w.cuts {
		w.cuts[i], w.held[i] = make([]int, n+1), make([]int64, n+1)
	}
	if w.dice == nil {
		w.outcomes = outcomesOf(w.plan.Events)
	}
	for i := range w.plan.Events {
		if e := &w.plan.Events[i]; e.Kind != Message && e.Kind != Disk {
			w.queue.plan(e.At, evAction).action = i
		}
	}
	for id := 1; id <= n; id++ {
		node := &node{
			w: w, id: id, disk: vfs.NewMem(), clock: clock{period: tickUnits},
			writes: map[uint64]*operation{}, reads: map[uint64]*operation{},
		}
		w.nodes = append(w.nodes, node)
		if node.start(); node.Replica == nil {
			continue
		}
		if id == 1 {
			node.Campaign()
		}
		node.carryOut()
	}
	w.queue.plan(w.plan.Horizon, evAction).action = atHorizon
}

// atHorizon stands for the end of all faults.
const atHorizon = -1

// happen lets an event happen.
func (w *world) happen(e *event) {
	w.events++
	switch e.kind {
	case evAction:
		w.act(e.action)
	case evHeal:
		w.cut(&w.plan.Events[e.action], -1)
	case evRestart:
		w.restart(w.nodes[e.node-1])
	default:
		n := w.nodes[e.node-1]
		if n.Replica == nil || e.kind != evMessage && n.incarnation != e.incarnation {
			return
		}
		n.guard(func() { n.happen(e) })
		if w.calm.begun {
			w.rest()
		}
	}
}

// happen lets an event of the member happen.
func (n *node) happen(e *event) {
	switch e.kind {
	case evMessage:
		n.w.diagram.arrives(n.w, e)
		n.Step(&e.message)
	case evTick:
		again := n.w.queue.plan(n.w.now+n.clock.period, evTick)
		again.node, again.incarnation = n.id, n.incarnation
		n.Tick()
	case evWork:
		if err := n.doWork(e.queue); err != nil {
			n.failed(ruleRun, err)
			return
		}
	}
	n.carryOut()
}

// act carries out an event of the schedule.
func (w *world) act(i int) {
	if i == atHorizon {
		w.beginCalm()
		return
	}
	if w.calm.begun {
		return // the horizon was brought forward
	}
	e := &w.plan.Events[i]
	if n := w.leader(true); needsNodes(e) && n != nil {
		e.Nodes = []int{n.id}
	} else if (e.Kind == Clock || e.Kind == Jump) && e.Node == 0 {
		if n == nil {
			return
		}
		e.Node = n.id
	}
	switch e.Kind {
	case Write, Read:
		w.ask(e)
		return
	case Transfer:
		w.transfer(e)
	case Cut, CutFrom:
		w.cut(e, 1)
		w.queue.plan(w.now+e.For, evHeal).action = i
	case Hold, Stall:
		w.across(e, func(from, to int) {
			w.held[from][to] = max(w.held[from][to], w.now+e.For)
			if e.Kind == Stall {
				w.held[to][from] = max(w.held[to][from], w.now+e.For)
			}
		})
	case Crash, Power:
		w.crash(e)
	case Clock:
		w.nodes[e.Node-1].clock.set(w.now, e.Units)
	case Jump:
		if n := w.nodes[e.Node-1]; n.Replica != nil {
			n.guard(func() {
				for range e.Units {
					n.clock.before += tickTime
					n.Tick()
					n.carryOut()
				}
			})
		}
	}
	w.diagram.happens(w, e)
}

// transfer asks members to hand leadership over.
func (w *world) transfer(e *Event) {
	to := uint64(e.Node)
	for _, id := range e.Nodes {
		if n := w.nodes[id-1]; n.Replica != nil {
			n.guard(func() {
				n.TransferLeader(to)
				n.carryOut()
			})
		}
	}
}

func needsNodes(e *Event) bool {
	switch e.Kind {
	case Cut, CutFrom, Hold, Stall, Crash, Power, Transfer:
		return len(e.Nodes) == 0
	}
	return false
}

// cut adds to how often the links of an event are cut.
func (w *world) cut(e *Event, change int) {
	w.across(e, func(from, to int) {
		w.cuts[from][to] += change
		if e.Kind == Cut {
			w.cuts[to][from] += change
		}
	})
	if change < 0 {
		w.diagram.heals(w, e)
	}
}

// across calls f for each link from the members of an event to the others.
func (w *world) across(e *Event, f func(from, to int)) {
	for _, from := range e.Nodes {
		for to := 1; to <= w.plan.Members; to++ {
			if !slices.Contains(e.Nodes, to) {
				f(from, to)
			}
		}
	}
}

// crash crashes members at one moment.
func (w *world) crash(e *Event) {
	rng := rand.New(rand.NewPCG(e.Seed, 1))
	for _, id := range e.Nodes {
		n := w.nodes[id-1]
		if n.Replica == nil {
			continue
		}
		w.history.lost(n)
		n.crash(e.Kind == Power, rng)
		w.queue.plan(w.now+e.For, evRestart).node = id
	}
}

// restart starts a member that is down.
func (w *world) restart(n *node) {
	if n.Replica != nil || n.out {
		return
	}
	w.diagram.starts(w, n)
	if n.start(); n.Replica != nil {
		n.carryOut()
	}
}

// halted says whether a majority is out for good, so that there is nothing left to judge.
func (w *world) halted() bool {
	out := 0
	for _, n := range w.nodes {
		if n.out {
			out++
		}
	}
	return 2*out >= len(w.nodes)
}

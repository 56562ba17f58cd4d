package netsim

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/cluster/replica"
	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/model"
	"lsmlab/powerfail/oracle"
)

// node is one member with its machine.
type node struct {
	w                *world
	id               int
	disk             *vfs.Mem
	store            kv.Engine
	*replica.Replica                    // nil while it is down
	stood            consensus.Standing // as it was drawn last
	out              bool               // for good
	incarnation      int                // how often it was started or stopped
	clock            clock
	work             [2][]*replica.Work
	writes           map[uint64]*operation // by id of the proposal
	reads            map[uint64]*operation // by id of the read
}

// guard calls f, in which a panic is a failure of the member.
func (n *node) guard(f func()) {
	defer func() {
		if p := recover(); p != nil {
			n.failed(rulePanic, fmt.Errorf("member %d: %v\n%s", n.id, p, debug.Stack()))
		}
	}()
	f()
}

// failed ends a member that failed: for good if its disk is a faulty one, else the rule is
// broken.
func (n *node) failed(rule oracle.Rule, err error) {
	if !n.w.o.faulty(n.id) {
		n.w.fail(rule, "%v", err)
		return
	}
	n.w.history.lost(n)
	n.stop()
	n.out = true
	n.w.diagram.beside(n.w, n, "fails for good")
}

// start starts the member on what its disk has.
func (n *node) start() {
	n.guard(func() {
		if err := n.open(); err != nil {
			n.failed(ruleOpen, err)
		}
	})
}

func (n *node) open() error {
	fs := vfs.FS(n.disk)
	if n.w.kind.Lies {
		fs = vfs.NewInject(fs, model.Lie)
	}
	if n.w.o.faulty(n.id) {
		fs = n.w.o.Wrap(fs)
	}
	store, err := n.w.o.Open(fs, kv.Synced)
	if err != nil {
		return fmt.Errorf("member %d does not open: %w", n.id, err)
	}
	n.store = store
	members := make([]uint64, n.w.plan.Members)
	for i := range members {
		members[i] = uint64(i + 1)
	}
	n.incarnation++
	var clock *replica.Clock
	if n.w.o.LeaseReads {
		clock = &replica.Clock{Now: func() time.Duration { return n.clock.read(n.w.now) }, Tick: tickTime}
	}
	n.Replica, err = replica.Open(replica.Options{
		ID: uint64(n.id), Members: members, Store: store, Core: n.w.o.Core,
		Log: kv.Synced, State: kv.Volatile,
		ElectionTicks: n.w.electionTicks, RetryTicks: 2, Clock: clock,
		KeepEntries: 4, ChunkBytes: 64,
		Rand: rand.New(rand.NewPCG(n.w.plan.Seed, uint64(n.id)<<32|uint64(n.incarnation))),
	})
	if err != nil {
		return err
	}
	e := n.w.queue.plan(n.w.now+n.clock.period, evTick)
	e.node, e.incarnation = n.id, n.incarnation
	return nil
}

// Election time-outs, in ticks, are small, so that leaders change within a short schedule.
// Leases last two ticks less, and should outlast an election that nothing hinders.
func electionTicks(leases bool) int64 {
	if leases {
		return 6
	}
	return 3
}

// stop ends the member's process. What its clients asked for is unknown.
func (n *node) stop() {
	if n.Replica != nil {
		n.Replica.Close()
	}
	n.Replica = nil
	n.incarnation++
	clear(n.work[:])
	clear(n.writes)
	clear(n.reads)
	if n.store != nil {
		_ = n.store.Close() // it writes to a disk that nobody looks at any more
		n.store = nil
	}
}

// crash takes the process, or the power, away. With the power, work that was under way
// may have been done in part.
func (n *node) crash(power bool, rng *rand.Rand) {
	disk := n.disk
	state := model.Kill()
	var choose model.Chooser
	if power {
		if state = n.w.kind.Durable(); n.w.kind.Keeps != nil && rng.IntN(3) > 0 {
			state, choose = n.w.kind.Draw(rng)
		}
	}
	if n.Replica != nil && power {
		n.inWork(rng, func() { state.Make(disk, choose) })
	}
	if state.Disk == nil {
		state.Make(disk, choose)
	}
	n.stop()
	n.disk = state.Disk
}

// inWork calls cut at an operation of the work that is under way, if there is any.
func (n *node) inWork(rng *rand.Rand, cut func()) {
	queue := n.work[rng.IntN(2)]
	if len(queue) == 0 {
		return
	}
	at, made := rng.IntN(6), 0
	n.disk.OnOp = func(vfs.Op) {
		if made == at {
			cut()
		}
		made++
	}
	_ = queue[0].Do() // the machine is off before anybody could hear of it
	n.settle()
	n.disk.OnOp = nil
}

func (n *node) settle() {
	if s, ok := n.store.(kv.Settler); ok {
		_ = s.Settle() // a store that cannot write any more says so at the next write
	}
}

// carryOut does what the member wants done.
func (n *node) carryOut() {
	out := n.Take()
	if s := n.Standing(); s != n.stood {
		n.stood = s
		n.w.diagram.stands(n.w, n, s)
	}
	for i := range out.Messages {
		n.w.send(&out.Messages[i])
	}
	for _, w := range out.Work {
		n.work[w.Queue] = append(n.work[w.Queue], w)
		if len(n.work[w.Queue]) == 1 {
			n.planWork(w.Queue)
		}
	}
	for _, r := range out.Results {
		if op := n.writes[r.ID]; op != nil {
			delete(n.writes, r.ID)
			n.w.decided(n, op, r.Outcome)
		}
	}
	for _, id := range out.Reads {
		if op := n.reads[id]; op != nil {
			delete(n.reads, id)
			n.w.serve(n, op)
		}
	}
}

func (n *node) planWork(q replica.Queue) {
	e := n.w.queue.plan(n.w.now+n.w.diskTime(n.id, q), evWork)
	e.node, e.incarnation, e.queue = n.id, n.incarnation, q
}

// doWork does the work that is at the head of a queue.
func (n *node) doWork(q replica.Queue) error {
	w := n.work[q][0]
	if err := w.Do(); err != nil {
		return fmt.Errorf("member %d: %w", n.id, err)
	}
	n.settle()
	n.work[q] = n.work[q][1:]
	if len(n.work[q]) > 0 {
		n.planWork(q)
	}
	n.Done(w)
	return nil
}

package cluster

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/cluster/mailbox"
	"lsmlab/engines/cluster/replica"
	"lsmlab/engines/cluster/transport"
	"lsmlab/engines/kv"
)

// Errors that become of a call to one member.
var (
	// errMoved says that nothing was done: another member leads, or will.
	errMoved = errors.New("another member leads")
	// ErrUnknown says that nobody here knows whether a write was, or will be, committed.
	ErrUnknown = errors.New("the outcome of the write is unknown")
)

// member is one replica with its store and transport. One goroutine owns the replica; two
// do the work on its store, each that of one queue.
type member struct {
	id      uint64
	board   *board
	store   kv.Engine
	replica *replica.Replica
	node    *transport.Node
	inbox   *mailbox.Box[event]
	work    [2]*mailbox.Box[*replica.Work]
	stop    chan struct{}
	running sync.WaitGroup

	// Of the goroutine that owns the replica:
	ticked   time.Time
	logWork  int // works on the log that are not done
	standing consensus.Standing
	waiting  []*request            // writes that are not proposed
	writes   map[uint64]*request   // by id of the proposal
	reads    map[uint64][]*request // by id of the read
	failed   error
}

// event is something for a member to take: one of the fields is set.
type event struct {
	message  *replica.Message
	lost     uint64 // messages to this peer were
	done     *replica.Work
	err      error // of done
	write    *request
	read     *request
	campaign bool
}

// request is what a caller waits for.
type request struct {
	batch []byte // of a write, which must stay as it is until the answer
	end   chan error
}

func newRequest(batch []byte) *request { return &request{batch, make(chan error, 1)} }

// openMember opens a member, which hears and says nothing until it is run.
func openMember(dir string, token transport.Token, b *board, open func(dir string) (kv.Engine, error), ro replica.Options) (*member, error) {
	store, err := open(dir)
	if err != nil {
		return nil, err
	}
	m := &member{
		id: ro.ID, board: b, store: store, inbox: mailbox.New[event](), stop: make(chan struct{}),
		writes: map[uint64]*request{}, reads: map[uint64][]*request{},
	}
	for q := range m.work {
		m.work[q] = mailbox.New[*replica.Work]()
	}
	ro.Store = store
	if m.replica, err = replica.Open(ro); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	if m.replica.Applied().Index == 0 { // it has no group, and was not given one
		m.replica.Close()
		return nil, errors.Join(fmt.Errorf("%w: the store in %s is empty, the group's is not new", kv.ErrCorrupt, dir), store.Close())
	}
	m.node, err = transport.Listen(m.id, "127.0.0.1:0", token,
		func(message replica.Message) { m.inbox.Put(event{message: &message}) },
		func(peer uint64) { m.inbox.Put(event{lost: peer}) })
	if err != nil {
		m.replica.Close()
		return nil, errors.Join(err, store.Close())
	}
	return m, nil
}

// run starts the member's goroutines.
func (m *member) run() {
	m.ticked = time.Now()
	m.running.Go(m.loop)
	for q := range m.work {
		m.running.Go(func() { m.work[q].Serve(m.stop, m.doWork) })
	}
}

// halt stops the member's goroutines. Nobody may wait for it any more.
func (m *member) halt() {
	close(m.stop)
	m.running.Wait()
}

// close lets go what a member has that does not run.
func (m *member) close() error {
	err := m.node.Close()
	m.replica.Close()
	return errors.Join(err, m.store.Close())
}

// write proposes a batch and waits for its outcome.
func (m *member) write(batch []byte) error {
	r := newRequest(batch)
	m.inbox.Put(event{write: r})
	return <-r.end
}

// read waits until the state has all that was acknowledged before the call.
func (m *member) read() error {
	r := newRequest(nil)
	m.inbox.Put(event{read: r})
	return <-r.end
}

func (m *member) doWork(works []*replica.Work) {
	for _, w := range works {
		m.inbox.Put(event{done: w, err: w.Do()})
	}
}

func (m *member) loop() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-m.stop:
			return
		case <-ticker.C:
		case <-m.inbox.Ready():
		}
		m.turn(m.inbox.Take())
	}
}

// turn takes what has happened.
func (m *member) turn(events []event) {
	now := time.Now()
	var reads []*request
	for i := range events {
		e := &events[i]
		switch {
		case e.write != nil:
			m.waiting = append(m.waiting, e.write)
		case e.read != nil:
			reads = append(reads, e.read)
		case m.failed != nil:
		default:
			m.take(e)
		}
	}
	if m.failed == nil {
		m.tick(now)
		m.publish()
		m.ask(reads)
		m.propose()
		m.carryOut()
	}
	if m.failed != nil {
		m.refuse(reads)
	}
}

func (m *member) take(e *event) {
	switch {
	case e.message != nil:
		m.replica.Step(e.message)
	case e.err != nil:
		m.fail(e.err)
	case e.done != nil:
		if e.done.Queue == replica.Log {
			m.logWork--
		}
		m.replica.Done(e.done)
	case e.lost != 0:
		m.replica.Unreachable(e.lost)
	case e.campaign:
		m.replica.Campaign()
	}
}

// tick lets the clock of the member tick. That of a leader must not be slow, so that it
// sends heartbeats in time. That of another must not be fast, as leases rely on it: at least
// a tick passes between two of its ticks, also if this goroutine had to wait for a processor.
func (m *member) tick(now time.Time) {
	due := int(now.Sub(m.ticked) / tick)
	if due > 0 && m.replica.Standing().Role != consensus.Leader {
		m.ticked = now
		m.replica.Tick()
		return
	}
	m.ticked = m.ticked.Add(time.Duration(due) * tick)
	for range due {
		m.replica.Tick()
	}
}

// publish tells the board who leads.
func (m *member) publish() {
	s := m.replica.Standing()
	if s == m.standing {
		return
	}
	m.standing = s
	if s.Role == consensus.Leader {
		m.board.leads(m, m.replica.Term())
	} else {
		m.board.follows(m)
	}
}

// ask asks for an index for all reads that came.
func (m *member) ask(reads []*request) {
	if len(reads) > 0 {
		m.reads[m.replica.Read()] = reads
	}
}

// proposeBytes bounds what is proposed, and so written, at once, but for a larger batch.
const proposeBytes = 4 << 20

// propose proposes the writes that wait, once the log is idle: those that come while it is
// written share the next write.
func (m *member) propose() {
	if m.standing.Role != consensus.Leader {
		answer(m.waiting, errMoved)
		m.waiting = nil
		return
	}
	if m.logWork > 0 || len(m.waiting) == 0 {
		return
	}
	var batches [][]byte
	for bytes := 0; len(batches) < len(m.waiting); {
		b := m.waiting[len(batches)].batch
		if bytes += len(b); bytes > proposeBytes && len(batches) > 0 {
			break
		}
		batches = append(batches, b)
	}
	ids, err := m.replica.Propose(batches...)
	if err != nil {
		return // they wait for the next turn: too much is under way, or it leads no more
	}
	for i, id := range ids {
		m.writes[id] = m.waiting[i]
	}
	m.waiting = m.waiting[len(ids):]
}

// carryOut does what the replica wants done.
func (m *member) carryOut() {
	out := m.replica.Take()
	m.publish()
	for i := range out.Messages {
		m.node.Send(out.Messages[i])
	}
	for _, w := range out.Work {
		if w.Queue == replica.Log {
			m.logWork++
		}
		m.work[w.Queue].Put(w)
	}
	for _, r := range out.Results {
		if w := m.writes[r.ID]; w != nil {
			delete(m.writes, r.ID)
			w.end <- outcomes[r.Outcome]
		}
	}
	for _, id := range out.Reads {
		answer(m.reads[id], nil)
		delete(m.reads, id)
	}
}

var outcomes = [...]error{
	replica.Committed:  nil,
	replica.Superseded: errMoved,
	replica.Unknown:    ErrUnknown,
}

func answer(requests []*request, err error) {
	for _, r := range requests {
		r.end <- err
	}
}

// fail ends a member whose store failed. What is under way may yet be committed by the
// others, or not.
func (m *member) fail(err error) {
	m.failed = err
	m.replica.Lease().Withdraw()
	m.board.fails(m, err)
	for id, w := range m.writes {
		w.end <- fmt.Errorf("%w: member %d failed: %w", ErrUnknown, m.id, err)
		delete(m.writes, id)
	}
	for id, reads := range m.reads {
		answer(reads, errMoved)
		delete(m.reads, id)
	}
}

// refuse sends callers to another member.
func (m *member) refuse(reads []*request) {
	answer(reads, errMoved)
	answer(m.waiting, errMoved)
	m.waiting = nil
}

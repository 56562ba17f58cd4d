// Package replica is one member of a replicated store: a state machine without clock,
// network or goroutines of its own. Its owner brings messages, ticks, proposals and reads,
// and carries out what comes out: messages to send and [Work] on the store. So the same
// code runs in one goroutine under virtual time (powerfail/netsim) and in processes.
//
// One store, any [kv.Engine], holds both the log and the state of a member; store.go says
// where. What holds:
//
//  1. A member answers for a vote or an entry only after the store has it at the level
//     [Options.Log]. So what a majority answered for outlives what that level outlives.
//  2. Committed entries are applied at the weaker level [Options.State], and the index up
//     to which they are stands in the same batch. Recovery starts from the state that it
//     finds and applies what follows from the log: nothing is applied twice or left out.
//  3. The log is truncated only in front of what is applied. As the truncation comes
//     later in the store's log than the entries applied, this asks of the store that it
//     recovers a prefix of its batches, whatever their levels.
//  4. A proposal is known by its place in the log: once another entry is applied at that
//     place, or one of a later term before it, it will never be committed. So its outcome is known exactly while the member
//     that took it lives, and clients need no table of what was done for them.
//  5. A read is served once the member has applied up to an index that a majority has
//     confirmed after the read began, or in the caller's goroutine while it has a [Lease].
//
// A snapshot is streamed to a second area of the receiver's store, beside the state in
// use, and takes its place by one batch: see stage.go.
package replica

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/kv"
)

// Options are the settings of a member. Fields without a default must be set.
type Options struct {
	ID      uint64   // 1 or above
	Members []uint64 // of a new group; none for a member that joins one
	Store   kv.Engine
	Core    consensus.Factory

	// Log is the level at which the log is written, State that of what is applied.
	Log, State kv.Durability

	ElectionTicks  int // default 10
	HeartbeatTicks int // default 1
	RetryTicks     int // after which what was not answered is sent again; default 3
	// Clock, if set, gives a leader a [Lease]. All members must have one or none, as leases
	// bind those that vote.
	Clock *Clock
	// KeepEntries is how many applied entries the log keeps at least, for members that are
	// behind; twice as many at most. Default 10,000.
	KeepEntries int
	// KeepBytes is how many bytes of entries the log keeps at most beyond what is not
	// applied; default 64 MiB.
	KeepBytes  int
	ChunkBytes int // of a message of a snapshot, about; default 256 KiB
	// Rand draws the election time-outs.
	Rand *rand.Rand
}

func (o Options) withDefaults() Options {
	o.ElectionTicks = cmp.Or(o.ElectionTicks, 10)
	o.HeartbeatTicks = cmp.Or(o.HeartbeatTicks, 1)
	o.RetryTicks = cmp.Or(o.RetryTicks, 3)
	o.KeepEntries = cmp.Or(o.KeepEntries, 10_000)
	o.KeepBytes = cmp.Or(o.KeepBytes, 64<<20)
	o.ChunkBytes = cmp.Or(o.ChunkBytes, 256<<10)
	return o
}

// Limits of what is under way at once.
const (
	maxMessageBytes     = 1 << 20
	maxUncommittedBytes = 256 << 20
	maxInflight         = 256
)

// Replica is one member. It is used by one goroutine at a time, but for [Replica.State],
// [Replica.Lease] and [Work.Do].
type Replica struct {
	o        Options
	core     consensus.Core
	log      *log
	state    *State
	boot     uint64 // how often this store was opened
	lastID   uint64 // given out by newID
	term     uint64
	vote     uint64
	ticks    int64 // since Open
	standing consensus.Standing
	timer    timer
	out      Output

	proposals proposals
	reads     reads
	sends     map[uint64]*send // snapshots under way, by receiver
	stage     *stage           // the snapshot that is received, or nil

	logWork    int               // works on the log that are not done
	stateWork  int               // works on the state that are not done
	install    *consensus.Append // waits until there is no work on the state
	installing bool              // the second area is whole and about to be used

	lease      Lease
	handedOver bool // leadership is being, in this term
}

// Output is what a replica wants done. Messages may be lost, repeated or reordered.
type Output struct {
	Messages []Message
	Work     []*Work
	Results  []Result
	Reads    []uint64 // reads that may be served from the state now, by id
}

// Message is what members send each other: one of the fields is set.
type Message struct {
	To, From uint64
	Raft     *consensus.Message
	Chunk    *Chunk
	Ack      *ChunkAck
}

// Open returns the member that lives in the store, which is new or was its own before.
func Open(o Options) (*Replica, error) {
	o = o.withDefaults()
	log, state, boot, err := load(&o)
	if err != nil {
		return nil, fmt.Errorf("replica %d: %w", o.ID, err)
	}
	r := &Replica{o: o, log: log, state: state, boot: boot, sends: map[uint64]*send{}}
	r.term, r.vote = log.hard.Term, log.hard.Vote
	if o.Clock != nil {
		r.lease.now = o.Clock.Now
	}
	r.lease.applied.Store(log.applied.Index)
	r.core, err = o.Core(consensus.Config{
		ID: o.ID, Storage: log, Applied: log.applied.Index,
		ElectionTicks: o.ElectionTicks, HeartbeatTicks: o.HeartbeatTicks,
		MaxMessageBytes: maxMessageBytes, MaxUncommittedBytes: maxUncommittedBytes, MaxInflight: maxInflight,
	})
	if err != nil {
		return nil, fmt.Errorf("replica %d: %w", o.ID, err)
	}
	garbage, err := state.hasGarbage()
	if err != nil {
		return nil, fmt.Errorf("replica %d: %w", o.ID, err)
	}
	r.restartTimer()
	if garbage {
		r.wipe()
	}
	r.advance()
	return r, nil
}

// ID returns the number of the member.
func (r *Replica) ID() uint64 { return r.o.ID }

// State returns the state machine, for reads that were confirmed.
func (r *Replica) State() *State { return r.state }

// Standing returns who leads, as far as the member knows.
func (r *Replica) Standing() consensus.Standing { return r.standing }

// Term returns the present term.
func (r *Replica) Term() uint64 { return r.term }

// Applied returns the point up to which the state is, with the members there.
func (r *Replica) Applied() consensus.Point { return r.log.applied }

// Take returns what is to be done since the last call.
func (r *Replica) Take() Output {
	out := r.out
	r.out = Output{}
	return out
}

// Step takes a message from another member.
func (r *Replica) Step(m *Message) {
	switch {
	case m.Chunk != nil:
		r.receiveChunk(m)
	case m.Ack != nil:
		r.receiveAck(m)
	case m.Raft.Type == consensus.Snap: // comes with the last chunk
	case r.mustNotVote(m.Raft):
	default:
		if m.Raft.Type == consensus.Transfer {
			r.handOver()
		}
		_ = r.core.Step(m.Raft) // an error says that it is ignored
		r.advance()
		r.heard(m.Raft)
	}
	r.advance()
}

// Close lets go what the member holds of its store, which stays open.
func (r *Replica) Close() {
	r.lease.Withdraw()
	for _, s := range r.sends {
		s.close()
	}
	clear(r.sends)
}

// newID returns a number that this member never gave out before, also not before a restart.
func (r *Replica) newID() uint64 {
	r.lastID++
	return r.boot<<40 | r.lastID
}

// Campaign stands for election at once, as a time-out does.
func (r *Replica) Campaign() {
	r.core.Campaign()
	r.advance()
}

// TransferLeader asks the leader to hand over to another member.
func (r *Replica) TransferLeader(to uint64) {
	r.handOver()
	r.core.TransferLeader(to)
	r.advance()
}

// Unreachable says that messages to a member were lost.
func (r *Replica) Unreachable(id uint64) {
	r.core.ReportUnreachable(id)
	r.advance()
}

// ProposeChange proposes a change of the members, if this one leads and no other change is
// under way; else it returns [consensus.ErrDropped]. That it has happened shows in Applied.
func (r *Replica) ProposeChange(c consensus.MemberChange) error {
	err := r.core.ProposeChange(c)
	r.advance()
	return err
}

// advance takes from the core all that it wants done.
func (r *Replica) advance() {
	for r.install == nil {
		rd, ok := r.core.Ready()
		if !ok {
			return
		}
		if rd.Standing != nil {
			r.standing = *rd.Standing
			r.handedOver = false
			r.lease.Withdraw()
			r.restartTimer()
			r.reads.again()
		}
		for _, m := range rd.Messages {
			r.send(m)
		}
		if rd.Append != nil {
			r.append(rd.Append)
		}
		if rd.Apply != nil {
			r.apply(rd.Apply)
		}
		for i := range rd.Reads {
			r.confirm(&rd.Reads[i])
		}
	}
}

func (r *Replica) send(m *consensus.Message) {
	if m.Type == consensus.Snap {
		r.sendSnapshot(m)
		return
	}
	r.out.Messages = append(r.out.Messages, Message{To: m.To, From: r.o.ID, Raft: m})
}

package replica

import (
	"sync/atomic"
	"time"

	"lsmlab/engines/cluster/consensus"
)

// Clock is the monotonic clock of a member, whose ticks its owner brings.
type Clock struct {
	// Now returns the time since any fixed moment. It is safe for concurrent use.
	Now func() time.Duration
	// Tick is the time between two calls of [Replica.Tick]: at most that for a leader, at
	// least that for other members.
	Tick time.Duration
}

// Lease lets any goroutine read the state of a member that leads, without asking it:
//
//	term, ok := lease.Begin()
//	... // read the state
//	ok = ok && lease.Confirms(term)
//
// Only if ok is true in the end does the state that was read have all that was acknowledged
// before Begin. A lease begins when the leader sends the heartbeats that ask a majority
// whether it still leads, and lasts ElectionTicks-2 ticks of its clock. Each member of the
// majority helps to elect another leader only after ElectionTicks of its own ticks, thus at
// least ElectionTicks-1 times Clock.Tick by its own clock after it answered. So until then
// no other leader can have committed anything, which holds
//
//  1. if no member's clock goes faster than the leader's by a factor of
//     (ElectionTicks-1)/(ElectionTicks-2) or more: 1.125 with the default;
//  2. if a member that has started again, and knows no more whom it has heard of, helps to
//     elect nobody for ElectionTicks (mustNotVote);
//  3. if leadership is not handed over meanwhile, which no member refuses: a leader that is
//     asked for that has no lease in the rest of its term.
//
// Another member may show what this one has not applied yet: one that served a read by
// ReadIndex, or an earlier leader that acknowledged what it proposed. Both know a commit
// index from this leader then. So Begin asks that the state has all that this leader knew to
// be committed before it sent anything that says so.
//
// The state is read first and the clock afterwards. So a goroutine that stands still for
// any time between the two calls finds out. That messages come late does not matter either,
// unlike with leases that are counted from the answers (Gray and Cheriton, SOSP 1989; Ongaro's
// thesis on Raft, section 6.4.1).
type Lease struct {
	now     func() time.Duration
	held    atomic.Pointer[holding]
	commit  atomic.Uint64
	applied atomic.Uint64
}

type holding struct {
	term  uint64
	until time.Duration
}

// Begin says whether there is a lease, and of which term, and the state has all that is
// committed. Whether the lease has run out is left to Confirms.
func (l *Lease) Begin() (term uint64, ok bool) {
	h, commit := l.held.Load(), l.commit.Load()
	if h == nil || l.applied.Load() < commit {
		return 0, false
	}
	return h.term, true
}

// Confirms says whether the lease of the term was held at all times from Begin to now.
func (l *Lease) Confirms(term uint64) bool {
	h := l.held.Load()
	return h != nil && h.term == term && l.now() < h.until
}

// Withdraw ends the lease. The owner of a member whose store has failed calls it.
func (l *Lease) Withdraw() { l.held.Store(nil) }

// Lease returns the lease of the member, which is never held without [Options.Clock]. It is
// safe for concurrent use.
func (r *Replica) Lease() *Lease { return &r.lease }

// extendLease takes note that a majority has answered what was asked in a term at a time.
func (r *Replica) extendLease(term uint64, since time.Duration) {
	if r.o.Clock != nil && r.standing.Role == consensus.Leader && term == r.term && !r.handedOver {
		r.lease.held.Store(&holding{term, since + time.Duration(r.o.ElectionTicks-2)*r.o.Clock.Tick})
	}
}

// handOver ends the lease for the rest of the term: the next leader is elected without
// regard to it.
func (r *Replica) handOver() {
	r.handedOver = true
	r.lease.Withdraw()
}

// renewLease is called at each tick.
func (r *Replica) renewLease() {
	if r.o.Clock != nil && r.standing.Role == consensus.Leader && r.reads.context == nil {
		r.request()
	}
}

// mustNotVote says whether a message asks for a vote too soon after this member started.
func (r *Replica) mustNotVote(m *consensus.Message) bool {
	asked := m.Type == consensus.Vote || m.Type == consensus.PreVote
	return asked && r.o.Clock != nil && r.boot > 1 && r.ticks < int64(r.o.ElectionTicks)
}

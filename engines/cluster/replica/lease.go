package replica

import "lsmlab/engines/cluster/consensus"

// A lease lets a leader serve reads by itself for a while. It begins when the leader asks
// for an index: a majority has answered for that, each member after it was asked, and each
// helps to elect another leader only ElectionTicks of its ticks after it heard of this one.
// So until then no other leader can have committed anything. It holds
//
//  1. if clocks go at one speed: two ticks are left out, for members whose ticks do not
//     come at the same moment;
//  2. if a member that has started again, and knows no more whom it has heard of, helps to
//     elect nobody for ElectionTicks (mustNotVote);
//  3. if leadership is not handed over meanwhile, which no member refuses.
//
// That messages come late does not matter, unlike with leases that are counted from the
// answers.
type lease struct {
	until int64 // tick up to which it holds
	ended bool  // leadership is being handed over
}

// leased says whether reads may be served by the lease. All that an earlier leader has
// acknowledged is committed here: an index is given only once an entry of this term is.
func (r *Replica) leased() bool {
	return r.o.LeaseReads && r.standing.Role == consensus.Leader && r.ticks <= r.lease.until
}

// extendLease takes note that a majority has answered what was asked at a tick.
func (r *Replica) extendLease(since int64) {
	if r.standing.Role == consensus.Leader && !r.lease.ended {
		r.lease.until = max(r.lease.until, since+int64(r.o.ElectionTicks)-2)
	}
}

// renewLease is called at each tick.
func (r *Replica) renewLease() {
	if r.o.LeaseReads && r.standing.Role == consensus.Leader && r.reads.context == nil {
		r.request()
	}
}

// mustNotVote says whether a message asks for a vote too soon after this member started.
func (r *Replica) mustNotVote(m *consensus.Message) bool {
	asked := m.Type == consensus.Vote || m.Type == consensus.PreVote
	return asked && r.o.LeaseReads && r.boot > 1 && r.ticks < int64(r.o.ElectionTicks)
}

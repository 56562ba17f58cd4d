package replica

import "lsmlab/engines/cluster/consensus"

// timer is the election time-out of a member that does not lead. It is the replica's own,
// as the library's is drawn from crypto/rand, which no seed repeats.
type timer struct {
	elapsed, timeout int // ticks
}

// restartTimer draws a new time-out, of one to two times ElectionTicks.
func (r *Replica) restartTimer() {
	r.timer = timer{timeout: r.o.ElectionTicks + r.o.Rand.IntN(r.o.ElectionTicks)}
}

// heard notes that the leader was heard of.
func (r *Replica) heard(m *consensus.Message) {
	switch m.Type {
	case consensus.App, consensus.Heartbeat, consensus.Snap:
		if m.From == r.standing.Leader && m.Term == r.term {
			r.timer.elapsed = 0
		}
	}
}

// Tick is a tick of the member's clock.
func (r *Replica) Tick() {
	r.ticks++
	if r.standing.Role == consensus.Leader {
		r.core.Tick()
	} else {
		r.core.Idle()
		if r.timer.elapsed++; r.timer.elapsed >= r.timer.timeout {
			r.restartTimer()
			r.core.Campaign()
		}
	}
	r.advance()
	r.retryReads()
	r.renewLease()
	r.retryChunks()
	r.advance()
}
